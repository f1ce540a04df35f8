/* SPDX-License-Identifier: MIT */
/* victim_sysvsem_others.c - what threads, children and signal handlers do. */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "victim_sysvsem_parts.h"

static void *give_thread(void *unused)
{
	(void)unused;
	return (void *)(intptr_t)do_give();
}

int do_give_in_thread(void)
{
	pthread_t thread;
	void *result;

	if (pthread_create(&thread, NULL, give_thread, NULL) != 0 ||
	    pthread_join(thread, &result) != 0)
		return -1;
	return (int)(intptr_t)result;
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

int do_give_in_child(void)
{
	return in_child(do_give);
}

int do_try_in_child(void)
{
	return in_child(do_try);
}

int do_up_give_in_child(void)
{
	return in_child(do_up_give);
}

static void ignore(int number)
{
	(void)number;
}

static int serve_signal(int flags)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = flags };

	return result_of(sigaction(SIGUSR1, &action, NULL));
}

int do_interrupt(void)
{
	return serve_signal(0);
}

int do_restart(void)
{
	return serve_signal(SA_RESTART);
}
