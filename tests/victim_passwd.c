/* SPDX-License-Identifier: MIT */
/* victim_passwd.c - a program that locks the user database. */
#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <shadow.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "victim.h"
#include "victim_passwd.h"

/* The result of a call that returns 0 or -1, perhaps with errno. */
static int result_of(int result)
{
	if (result == 0)
		return 0;
	return errno ? errno : VICTIM_PASSWD_REFUSED;
}

static int do_lock(void)
{
	errno = 0;
	return result_of(lckpwdf());
}

static int do_unlock(void)
{
	errno = 0;
	return result_of(ulckpwdf());
}

static void *lock_thread(void *unused)
{
	(void)unused;
	return (void *)(intptr_t)do_lock();
}

static int do_lock_in_thread(void)
{
	pthread_t thread;
	void *result;

	if (pthread_create(&thread, NULL, lock_thread, NULL) != 0 ||
	    pthread_join(thread, &result) != 0)
		return -1;
	return (int)(intptr_t)result;
}

static int in_child(int (*run)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(run() ? 1 : 0);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return errno;
	return WEXITSTATUS(status);
}

static int do_lock_in_child(void)
{
	return in_child(do_lock);
}

static int do_unlock_in_child(void)
{
	return in_child(do_unlock);
}

static void ignore(int number)
{
	(void)number;
}

static int do_interrupt(void)
{
	struct sigaction action = { .sa_handler = ignore };

	return sigaction(SIGUSR1, &action, NULL) < 0 ? errno : 0;
}

static int do_count(void)
{
	volatile long *counter =
		mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED,
		     VICTIM_SHARED, 0);

	if (counter == MAP_FAILED)
		return errno;
	for (int i = 0; i < VICTIM_PASSWD_ROUNDS; i++) {
		int result = do_lock();
		long seen;

		if (result)
			return result;
		seen = *counter;
		sched_yield();
		*counter = seen + 1;
		result = do_unlock();
		if (result)
			return result;
	}
	return 0;
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
		VICTIM_PASSWD_COMMANDS(COMMAND){ NULL, NULL }
	};

	if (argc < 2) {
		fprintf(stderr, "usage: victim_passwd NAME [COMMAND]...\n");
		return 64;
	}
	return argc > 2 ? run_all(commands, argv + 2) : serve(commands);
}
