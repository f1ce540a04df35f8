/* SPDX-License-Identifier: MIT */
/* supervise.c - the wrapper: lives with the command and ends like it. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cli/cli.h"
#include "lib/cli/supervise.h"

struct supervision {
	struct child child;
	pid_t keeper; /* -1: none */
	int status;   /* of the child, as waitpid() gives it */
};

/*
 * From here on signals wait until we ask for them.  SIGCHLD must not be
 * ignored, or children would go without leaving a status.
 */
static void take_signals(struct inherited *inherited)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &inherited->mask);
	sigaction(SIGCHLD, &standard, &inherited->on_child);
}

/*
 * The command was stopped.  A shell that controls jobs watches us, not the
 * command: stop as well, so that it takes the terminal back.  But a SIGSTOP of
 * a command without the terminal comes from elsewhere and perhaps its SIGCONT
 * will, to the command alone; then we would stay stopped, and keep the lock.
 */
static void stop_like_child(pid_t child, int signal)
{
	if (signal != SIGSTOP || tcgetpgrp(STDIN_FILENO) == getpgid(child))
		raise(SIGSTOP);
}

static void replace_keeper(struct supervision *run)
{
	run->keeper = keeper_start(&run->child);
	if (run->keeper < 0)
		complain("warning: no process guards the lock against an end "
			 "of this one: %s",
			 strerror(-run->keeper));
}

/* Looks at who has ended or stopped; true if the command has ended. */
static bool reap(struct supervision *run)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid == run->child.pid && WIFSTOPPED(status)) {
			stop_like_child(pid, WSTOPSIG(status));
		} else if (pid == run->child.pid) {
			run->status = status;
			return true;
		} else if (pid == run->keeper && !WIFSTOPPED(status)) {
			replace_keeper(run);
		}
	}
	return false;
}

/*
 * The terminal's signals (si_code > 0) are for our process group.  If the
 * command is in it, it has them already; if it has made a group of its own,
 * that gets them now.  So does SIGCONT, with which a shell continues a job; it
 * has reached no command if only we were stopped.
 */
static void pass_on(const siginfo_t *signal, pid_t child)
{
	pid_t group = getpgid(child);
	bool for_group = signal->si_code > 0 || signal->si_signo == SIGCONT;

	if (for_group && group != getpgrp())
		killpg(group, signal->si_signo);
	else if (signal->si_code <= 0 || signal->si_signo == SIGCONT)
		kill(child, signal->si_signo);
}

static void watch(struct supervision *run)
{
	sigset_t all;
	siginfo_t signal;

	sigfillset(&all);
	while (!reap(run)) {
		if (sigwaitinfo(&all, &signal) > 0 &&
		    signal.si_signo != SIGCHLD)
			pass_on(&signal, run->child.pid);
	}
}

static int export_token(const portlock_t *lock)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, portlock_token(lock));
	return setenv("PORTLOCK_TOKEN", text, 1) < 0 ? -errno : 0;
}

static int start(struct supervision *run, char **command,
		 const struct inherited *inherited)
{
	int error = child_start(&run->child, command, inherited);

	if (error)
		return error;
	run->keeper = keeper_start(&run->child);
	if (run->keeper < 0) {
		child_cancel(&run->child);
		return run->keeper;
	}
	child_go(&run->child);
	return 0;
}

static int status_of(const struct supervision *run)
{
	return WIFSIGNALED(run->status) ? 128 + WTERMSIG(run->status)
					: WEXITSTATUS(run->status);
}

int supervise_alone(char **command)
{
	struct supervision run = { .keeper = -1 };
	struct inherited inherited;
	int error;

	take_signals(&inherited);
	error = child_start(&run.child, command, &inherited);
	if (error) {
		complain("cannot start a process: %s", strerror(-error));
		return EXIT_SYSTEM;
	}
	child_go(&run.child);
	watch(&run);
	return status_of(&run);
}

int supervise(portlock_t *lock, char **command)
{
	struct supervision run;
	struct inherited inherited;
	int error = export_token(lock);

	if (error == 0) {
		take_signals(&inherited);
		error = start(&run, command, &inherited);
	}
	if (error) {
		complain("cannot start a process: %s", strerror(-error));
		return EXIT_SYSTEM;
	}
	watch(&run);
	/* Its copies of the lock must be gone before the next holder comes. */
	if (run.keeper > 0)
		keeper_end(run.keeper);
	portlock_release(lock);
	return status_of(&run);
}
