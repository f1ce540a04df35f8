/* SPDX-License-Identifier: MIT */
/* worker.c - the processes that contend, and what they share. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/fail.h"
#include "bench/stop.h"
#include "bench/worker.h"

#define NSEC_PER_SEC INT64_C(1000000000)
#define WORKERS_MAX 4096
#define LOOK_EVERY (20 * 1000 * 1000) /* ns, for who has failed */
#define PATIENCE (60 * NSEC_PER_SEC)

static pid_t workers[WORKERS_MAX];
static int worker_count;

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

void spin_until(int64_t end)
{
	while (now_ns() < end)
		continue;
}

void sleep_ns(int64_t time)
{
	struct timespec left = { .tv_sec = time / NSEC_PER_SEC,
				 .tv_nsec = time % NSEC_PER_SEC };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		continue;
}

void *shared_new(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		fail("no %zu bytes of shared memory: %s", size,
		     strerror(errno));
	return memory;
}

void shared_free(void *memory, size_t size)
{
	munmap(memory, size);
}

static void become_worker(pid_t parent)
{
	worker_count = 0;
	stop_forget();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILED);
}

pid_t worker_start(void (*body)(void *argument), void *argument)
{
	pid_t parent = getpid(), pid;

	if (worker_count == WORKERS_MAX)
		fail("more than %d processes at a time", WORKERS_MAX);
	pid = fork();
	if (pid == 0) {
		become_worker(parent);
		body(argument);
		_exit(0);
	}
	if (pid > 0)
		workers[worker_count++] = pid;
	if (pid < 0)
		fail("cannot make another process: %s", strerror(errno));
	return pid;
}

static void forget(pid_t pid)
{
	for (int i = 0; i < worker_count; i++)
		if (workers[i] == pid)
			workers[i] = workers[--worker_count];
}

void worker_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	forget(pid);
}

/* True if it has ended, well. */
static bool has_ended(pid_t pid)
{
	int status;
	pid_t ended = waitpid(pid, &status, WNOHANG);

	if (ended == 0)
		return false;
	forget(pid);
	if (ended < 0)
		fail("lost process %d: %s", (int)pid, strerror(errno));
	if (WIFSIGNALED(status))
		fail("process %d was killed by signal %d (%s)", (int)pid,
		     WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		fail("process %d failed", (int)pid);
	return true;
}

void worker_end_after(pid_t pid, int64_t time)
{
	int64_t limit = now_ns() + time + PATIENCE;

	for (;;) {
		struct timespec moment = { .tv_nsec = 200 * 1000 };

		if (has_ended(pid))
			return;
		if (now_ns() > limit)
			fail("process %d should have ended a minute ago",
			     (int)pid);
		stop_check();
		nanosleep(&moment, NULL);
	}
}

void worker_end(pid_t pid)
{
	worker_end_after(pid, 0);
}

void workers_kill(void)
{
	for (int i = 0; i < worker_count; i++)
		kill(workers[i], SIGKILL);
	for (int i = 0; i < worker_count; i++)
		waitpid(workers[i], NULL, 0);
	worker_count = 0;
}

static void look_for_failures(void)
{
	for (int i = 0; i < worker_count; i++) {
		siginfo_t info = { 0 };

		/* Who has ended well is still to be waited for. */
		if (waitid(P_PID, (id_t)workers[i], &info,
			   WEXITED | WNOHANG | WNOWAIT) == 0 &&
		    info.si_pid &&
		    (info.si_code != CLD_EXITED || info.si_status))
			fail("process %d failed", (int)workers[i]);
	}
}

void rest_until(int64_t end)
{
	int64_t left;

	while ((left = end - now_ns()) > 0) {
		int64_t nap = left < LOOK_EVERY ? left : LOOK_EVERY;
		struct timespec moment = { .tv_nsec = nap };

		nanosleep(&moment, NULL);
		stop_check();
		look_for_failures();
	}
}

void flag_raise(struct flag *flag)
{
	atomic_store(&flag->value, 1);
	syscall(SYS_futex, &flag->value, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void flag_wait(struct flag *flag)
{
	while (!atomic_load(&flag->value))
		syscall(SYS_futex, &flag->value, FUTEX_WAIT, 0, NULL, NULL, 0);
}

void guard_enter(struct guard *guard, int number)
{
	int before = atomic_exchange(&guard->inside, number);

	if (before != 0 && before != atomic_load(&guard->doomed))
		atomic_fetch_add(&guard->violations, 1);
}

void guard_leave(struct guard *guard, int number)
{
	if (atomic_exchange(&guard->inside, 0) != number)
		atomic_fetch_add(&guard->violations, 1);
}
