/* SPDX-License-Identifier: MIT */
/* wait.c - conditions to wait for, failures in any process, scale. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

#define STEP_NS INT64_C(100000)

#define HANG_NS INT64_C(120000000000)

static pid_t test_process;

/* A broken lock makes waits that never end: a failure, too. */
static void hang(int number)
{
	static const char text[] =
		"the test named last did not come to an end\n";

	(void)number;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) > 0)
		abort();
	_exit(70);
}

__attribute__((constructor)) static void watch_process(void)
{
	test_process = getpid();
	signal(SIGALRM, hang);
	alarm(is_slow() ? 540 : 180); /* no child inherits it */
}

void require_failed(const char *what, const char *file, int line)
{
	if (gettid() == test_process) {
		print_error("not true: %s\n", what);
		_fail(file, line);
	}
	dprintf(STDERR_FILENO, "%s:%d: process %d: not true: %s\n", file, line,
		(int)getpid(), what);
	_exit(70);
}

bool is_slow(void)
{
	return getenv("PORTLOCK_TEST_SLOW") != NULL;
}

int64_t enough_ms(int64_t ms)
{
	return is_slow() ? 10 * ms : ms;
}

int rounds(int count)
{
	if (!is_slow())
		return count;
	return count > 50 ? count / 50 : 1;
}

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void sleep_ns(int64_t ns)
{
	struct timespec left = { ns / 1000000000, ns % 1000000000 };

	while (nanosleep(&left, &left) < 0)
		;
}

void wait_until(bool (*holds)(void *argument), void *argument)
{
	int64_t hang = now_ns() + HANG_NS * (is_slow() ? 10 : 1);

	while (!holds(argument)) {
		require(now_ns() < hang);
		sleep_ns(STEP_NS);
	}
}

char process_state(pid_t pid)
{
	char text[512];
	ssize_t size;
	char *end;
	int fd;

	snprintf(text, sizeof(text), "/proc/%d/stat", (int)pid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '?';
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[size > 0 ? size : 0] = '\0';
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end[2] : '?';
}

static bool is_asleep(void *pid)
{
	return process_state(*(pid_t *)pid) == 'S';
}

void wait_asleep(pid_t pid)
{
	wait_until(is_asleep, &pid);
}

static bool is_stopped(void *pid)
{
	return process_state(*(pid_t *)pid) == 'T';
}

void wait_stopped(pid_t pid)
{
	wait_until(is_stopped, &pid);
}

int open_fds(pid_t pid)
{
	int count = pid ? 0 : -1; /* that of the directory is not counted */
	char path[64] = "/proc/self/fd";
	struct dirent *entry;
	DIR *directory;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	require(directory);
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			count++;
	closedir(directory);
	return count;
}

void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	require(memory != MAP_FAILED);
	return memory;
}

void guarded_touch(struct guarded *guarded)
{
	long value;

	if (atomic_fetch_add(&guarded->inside, 1) != 0)
		atomic_fetch_add(&guarded->violations, 1);
	value = atomic_load(&guarded->value);
	sched_yield(); /* whoever should not be here, come in */
	atomic_store(&guarded->value, value + 1);
	atomic_fetch_sub(&guarded->inside, 1);
}
