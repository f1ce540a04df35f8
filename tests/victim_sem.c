/* SPDX-License-Identifier: MIT */
/* victim_sem.c - a program that uses a named POSIX semaphore as a mutex. */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "victim.h"
#include "victim_sem.h"

#define PATIENCE_NS 50000000

static const char *name;
static sem_t *sem;

/* The result of a call that returns 0 or -1 with errno. */
static int result_of(int result)
{
	return result < 0 ? errno : 0;
}

/* ---- opening ------------------------------------------------------------ */

static int opened(sem_t *made)
{
	if (made == SEM_FAILED)
		return errno;
	sem = made;
	return 0;
}

static int do_create(void)
{
	return opened(sem_open(name, O_CREAT, 0600, 1));
}

static int do_create_zero(void)
{
	return opened(sem_open(name, O_CREAT, 0600, 0));
}

static int do_create_three(void)
{
	return opened(sem_open(name, O_CREAT, 0600, 3));
}

static int do_open(void)
{
	return opened(sem_open(name, 0));
}

static int do_close(void)
{
	return result_of(sem_close(sem));
}

static int do_unlink(void)
{
	return result_of(sem_unlink(name));
}

/* ---- waiting ------------------------------------------------------------ */

static int do_wait(void)
{
	return result_of(sem_wait(sem));
}

static int do_try(void)
{
	return result_of(sem_trywait(sem));
}

static struct timespec soon(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	time.tv_nsec += PATIENCE_NS;
	time.tv_sec += time.tv_nsec / 1000000000;
	time.tv_nsec %= 1000000000;
	return time;
}

static int do_timed(void)
{
	struct timespec until = soon(CLOCK_REALTIME);

	return result_of(sem_timedwait(sem, &until));
}

static int do_timed_past(void)
{
	struct timespec until = { 1, 0 };

	return result_of(sem_timedwait(sem, &until));
}

static int do_timed_wrong(void)
{
	struct timespec until = { 1, 1000000000 };

	return result_of(sem_timedwait(sem, &until));
}

static int do_clock(void)
{
	struct timespec until = soon(CLOCK_MONOTONIC);

	return result_of(sem_clockwait(sem, CLOCK_MONOTONIC, &until));
}

static int do_clock_wrong(void)
{
	struct timespec until = soon(CLOCK_MONOTONIC);

	return result_of(sem_clockwait(sem, CLOCK_PROCESS_CPUTIME_ID, &until));
}

/* ---- posting ------------------------------------------------------------ */

static int do_post(void)
{
	return result_of(sem_post(sem));
}

static void *post_thread(void *unused)
{
	(void)unused;
	return (void *)(intptr_t)do_post();
}

static int do_post_in_thread(void)
{
	pthread_t thread;
	void *result;

	if (pthread_create(&thread, NULL, post_thread, NULL) != 0 ||
	    pthread_join(thread, &result) != 0)
		return -1;
	return (int)(intptr_t)result;
}

static void post_handler(int number)
{
	(void)number;
	sem_post(sem);
}

static int do_post_in_handler(void)
{
	signal(SIGUSR2, post_handler);
	return result_of(raise(SIGUSR2));
}

static int in_child(int (*run)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(run());
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return errno;
	return WEXITSTATUS(status);
}

static int do_post_in_child(void)
{
	return in_child(do_post);
}

static int do_try_in_child(void)
{
	return in_child(do_try);
}

static int do_wait_in_child(void)
{
	return in_child(do_wait);
}

/* ---- the rest ------------------------------------------------------------ */

static int do_value(void)
{
	int value = -1;

	sem_getvalue(sem, &value);
	return value;
}

static void ignore(int number)
{
	(void)number;
}

static int serve_signal(int number, int flags)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = flags };

	return result_of(sigaction(number, &action, NULL));
}

static int do_interrupt(void)
{
	return serve_signal(SIGUSR1, 0);
}

static int do_restart(void)
{
	/* A crash handler, which does not count. */
	serve_signal(SIGSEGV, 0);
	return serve_signal(SIGUSR1, SA_RESTART);
}

static int do_count(void)
{
	volatile long *counter =
		mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED,
		     VICTIM_SHARED, 0);

	if (counter == MAP_FAILED)
		return errno;
	for (int i = 0; i < VICTIM_SEM_ROUNDS; i++) {
		long seen;

		if (sem_wait(sem) < 0)
			return errno;
		seen = *counter;
		sched_yield();
		*counter = seen + 1;
		if (sem_post(sem) < 0)
			return errno;
	}
	return 0;
}

static int do_unnamed(void)
{
	/* Where those of sem_open() are as well: at the start of a page. */
	sem_t *other = mmap(NULL, sizeof(*other), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int value = -1, wrong = 0;

	wrong |= (sem_init(other, 1, 1) != 0) << 0;
	wrong |= (sem_wait(other) != 0) << 1;
	wrong |= (sem_trywait(other) != -1 || errno != EAGAIN) << 2;
	wrong |= (sem_post(other) != 0 || sem_post(other) != 0) << 3;
	wrong |= (sem_getvalue(other, &value) != 0 || value != 2) << 4;
	wrong |= (sem_wait(other) != 0 || sem_wait(other) != 0) << 5;
	wrong |= (sem_destroy(other) != 0) << 6;
	munmap(other, sizeof(*other));
	return wrong;
}

static int do_become_nobody(void)
{
	return result_of(setresuid(65534, 65534, 65534));
}

static int do_leave_network(void)
{
	return result_of(unshare(CLONE_NEWNET));
}

static int do_hold(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
#define COMMAND(name) { #name, do_##name },
		VICTIM_SEM_COMMANDS(COMMAND){ NULL, NULL }
	};

	if (argc < 2) {
		fprintf(stderr, "usage: victim_sem NAME [COMMAND]...\n");
		return 64;
	}
	name = argv[1];
	return argc > 2 ? run_all(commands, argv + 2) : serve(commands);
}
