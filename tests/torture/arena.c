/* SPDX-License-Identifier: MIT */
/* arena.c - the memory that all processes share, and what they tell by it. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/torture/torture.h"

#define SHOWN 5 /* violations of a kind that are printed */

struct arena *arena;

static void map(void)
{
	arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE, MAP_SHARED,
		     ARENA_FD, 0);
	if (arena == MAP_FAILED) {
		perror("torture: mmap");
		_exit(71);
	}
}

bool fd_move(int fd, int number)
{
	if (fd == number) /* who started us has all below open */
		return true;
	if (dup3(fd, number, O_CLOEXEC) < 0)
		return false;
	close(fd);
	return true;
}

void arena_make(const struct plan *plan)
{
	int fd = memfd_create("torture", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, sizeof(*arena)) < 0 ||
	    !fd_move(fd, ARENA_FD)) {
		perror("torture: memfd_create");
		exit(71);
	}
	map();
	arena->plan = *plan;
}

void arena_pass(bool survive)
{
	const int fds[] = { ARENA_FD, HISTORY_FD, PROGRAM_FD };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		fcntl(fds[i], F_SETFD, survive ? 0 : FD_CLOEXEC);
}

void arena_adopt(void)
{
	arena_pass(false);
	map();
}

uint32_t arena_id(void)
{
	return atomic_fetch_add(&arena->ids, 1) + 1;
}

void arena_event(enum event event)
{
	atomic_fetch_add(&arena->events[event], 1);
}

void violation(enum check check, const char *format, ...)
{
	char text[512];
	va_list arguments;

	/* Where a fault is planted, all that can find it shall. */
	if (arena->plan.plant == NO_PLANT)
		atomic_store(&arena->over, 1);
	atomic_fetch_add(&arena->violations[check], 1);
	if (atomic_fetch_add(&arena->shown[check], 1) >= SHOWN)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	dprintf(STDERR_FILENO, "violation: %s\n", text);
}

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SEC + now.tv_nsec;
}

void sleep_ns(int64_t ns)
{
	struct timespec time = { ns / SEC, ns % SEC };

	nanosleep(&time, NULL);
}

int count_fds(void)
{
	int count = -1; /* that of the directory is not counted */
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!directory)
		return -1;
	while ((entry = readdir(directory)))
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}
