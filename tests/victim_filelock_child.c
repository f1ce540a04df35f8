/* SPDX-License-Identifier: MIT */
/* victim_filelock_child.c - children that have the same files open. */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "victim_filelock_parts.h"

int do_fork_and_exit(void)
{
	pid_t child = fork();

	if (child > 0)
		_exit(0);
	return child < 0 ? errno : 0;
}

int do_fork_twice(void)
{
	pid_t child = fork();

	if (child > 0) {
		waitpid(child, NULL, 0);
		_exit(0);
	}
	return child < 0 ? errno : do_fork_and_exit();
}

static void obey(void)
{
	sigset_t signals;
	int number;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGTERM);
	for (;;) {
		sigwait(&signals, &number);
		if (number == SIGTERM)
			_exit(0);
		if (number == SIGUSR1)
			do_un();
		else
			do_close();
	}
}

int do_fork_and_obey(void)
{
	sigset_t signals, before;
	pid_t child;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &before);
	child = fork();
	if (child > 0)
		obey();
	sigprocmask(SIG_SETMASK, &before, NULL);
	prctl(PR_SET_PDEATHSIG, 0);
	return child < 0 ? errno : 0;
}

int do_fork_to_wait(void)
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	return child;
}

static void have_nothing(void)
{
	closefrom(STDERR_FILENO + 1);
	dup2(STDERR_FILENO, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
}

static int start(sighandler_t at_term)
{
	pid_t child = fork();

	if (child == 0) {
		have_nothing();
		signal(SIGTERM, at_term);
		execlp("sleep", "sleep", "100", (char *)NULL);
		_exit(127);
	}
	return child;
}

int do_start(void)
{
	return start(SIG_DFL);
}

int do_start_stubborn(void)
{
	return start(SIG_IGN);
}

static void *pause_alone(void *unused)
{
	(void)unused;
	sleep(100);
	_exit(0);
}

int do_start_headless(void)
{
	pid_t child = fork();
	pthread_t thread;

	if (child == 0) {
		have_nothing();
		if (pthread_create(&thread, NULL, pause_alone, NULL) == 0)
			pthread_exit(NULL);
		_exit(127);
	}
	return child;
}

int do_daemon(void)
{
	return daemon(1, 1) < 0 ? errno : 0;
}

int do_ex_in_child(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(do_again() || do_ex_nb());
	waitpid(child, &status, 0);
	return status;
}

/* By an open file of its own alone. */
int do_ex_in_waiting_child(void)
{
	pid_t child = fork();
	int64_t result;

	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	result = do_again() || do_swap() || do_close() || do_ex();
	if (write(STDOUT_FILENO, &result, sizeof(result)) > 0)
		pause();
	_exit(1);
}
