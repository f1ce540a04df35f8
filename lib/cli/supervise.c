/* SPDX-License-Identifier: MIT */
/* supervise.c - the wrapper: lives with the command and ends like it. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cli/show/show.h"
#include "lib/cli/supervise.h"

/* portlock-session tells why a lock is lost when it sees that, a moment after
 * the kernel may have let it expire. */
#define REASON_MS 100
#define PAUSE_MS 10

struct supervision {
	portlock_t *lock; /* NULL: runs without */
	const struct guard *guard;
	struct child child;
	pid_t keeper; /* -1: none */
	int signals;  /* a signalfd */
	bool told;    /* that the lock is lost */
	int status;   /* of the child, as waitpid() gives it */
};

static const struct guard no_guard = { .lost = -1 };

/*
 * From here on signals wait until we ask for them.  SIGCHLD must not be
 * ignored, or children would go without leaving a status.
 */
static int take_signals(struct supervision *run, struct inherited *inherited)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &inherited->mask);
	sigaction(SIGCHLD, &standard, &inherited->on_child);
	run->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return run->signals < 0 ? -errno : 0;
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

/*
 * A command in a group of its own may have stopped because it needs the
 * terminal.  If it had that when Ctrl-Z was typed, the others in our group, such
 * as a script that has called us, know nothing of it.
 */
static void child_stopped(const struct child *child, int signal)
{
	bool wants_terminal = signal == SIGTTIN || signal == SIGTTOU;

	if (child->leads && wants_terminal && terminal_lend(child->pid)) {
		killpg(child->pid, SIGCONT);
		return;
	}
	if (child->leads && signal == SIGTSTP && terminal_is_lent(child->pid))
		killpg(getpgrp(), signal);
	stop_like_child(child->pid, signal);
}

/* After the end of a command that may have had the terminal: the same. */
static void get_terminal_back(const struct supervision *run)
{
	if (!run->child.leads || !terminal_take_back(run->child.pid) ||
	    !WIFSIGNALED(run->status))
		return;
	if (WTERMSIG(run->status) == SIGINT || WTERMSIG(run->status) == SIGQUIT)
		killpg(getpgrp(), WTERMSIG(run->status));
}

static void replace_keeper(struct supervision *run)
{
	run->keeper = keeper_start(&run->child, run->guard);
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
			child_stopped(&run->child, WSTOPSIG(status));
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
 * The terminal's signals (a code above 0) are for our process group.  If the
 * command is in it, it has them already; if it has made a group of its own,
 * that gets them now.  So does SIGCONT, with which a shell continues a job; it
 * has reached no command if only we were stopped.  A group that we have made
 * gets all signals, as others are sent to our whole group as well.
 */
static void pass_on(const struct signalfd_siginfo *info,
		    const struct child *child)
{
	int signal = (int)info->ssi_signo;
	pid_t group = getpgid(child->pid);
	bool for_group = info->ssi_code > 0 || signal == SIGCONT;

	if ((for_group || child->leads) && group != getpgrp())
		killpg(group, signal);
	else if (info->ssi_code <= 0 || signal == SIGCONT)
		kill(child->pid, signal);
}

static void tell_loss(struct supervision *run)
{
	char detail[256] = "", shown[SHOWN_SIZE];
	const struct guard *guard = run->guard;

	run->told = true;
	for (int ms = 0; !*detail && ms < REASON_MS; ms += PAUSE_MS) {
		poll(NULL, 0, ms > 0 ? PAUSE_MS : 0);
		portlock_detail(run->lock, detail, sizeof(detail));
	}
	show_text(shown, detail, NO_LIMIT);
	complain("%s: the lock is lost: %s: %s", guard->key,
		 *shown ? shown : "portlock-session does not answer",
		 guard->ends_group ? "the command is ended"
				   : "the command runs without it");
}

/* Returns when the command has ended. */
static void watch(struct supervision *run)
{
	struct pollfd fds[2] = {
		{ .fd = run->signals, .events = POLLIN },
		{ .fd = run->guard->lost, .events = POLLIN },
	};
	struct signalfd_siginfo signal;

	while (!reap(run)) {
		if (poll(fds, 2, -1) < 0)
			continue;
		while (read(run->signals, &signal, sizeof(signal)) > 0)
			if (signal.ssi_signo != SIGCHLD)
				pass_on(&signal, &run->child);
		if (!fds[1].revents || run->told)
			continue;
		/* Else it is the keeper's. */
		if (run->guard->ends_group && run->keeper < 0)
			group_tell_to_end(run->child.pid);
		tell_loss(run);
		fds[1].fd = -1;
	}
}

/*
 * Whether the lock was lost before it is let go, for whatever reason the command
 * has ended.  What it has left in its group ends as well, then.
 */
static bool is_lost(struct supervision *run)
{
	const struct guard *guard = run->guard;

	if (portlock_has_locked(run->lock))
		return false;
	if (!run->told)
		tell_loss(run);
	if (!guard->ends_group)
		return false;
	if (run->keeper < 0 || !keeper_await_end(run->keeper))
		group_make_end(run->child.pid, guard->grace_ms);
	run->keeper = -1;
	return true;
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
	run->keeper = keeper_start(&run->child, run->guard);
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

static int cannot_start(int error)
{
	complain("cannot start a process: %s", strerror(-error));
	return EXIT_SYSTEM;
}

int supervise_alone(char **command)
{
	struct supervision run = { .keeper = -1, .guard = &no_guard };
	struct inherited inherited;
	int error = take_signals(&run, &inherited);

	if (error == 0)
		error = child_start(&run.child, command, &inherited);
	if (error)
		return cannot_start(error);
	child_go(&run.child);
	watch(&run);
	return status_of(&run);
}

int supervise(portlock_t *lock, char **command, const struct guard *guard)
{
	struct supervision run = { .lock = lock, .guard = guard };
	struct inherited inherited;
	int error = export_token(lock), status;

	run.child.leads = guard->ends_group;
	if (error == 0)
		error = take_signals(&run, &inherited);
	if (error == 0)
		error = start(&run, command, &inherited);
	if (error)
		return cannot_start(error);
	watch(&run);
	status = is_lost(&run) ? EXIT_LOST : status_of(&run);
	/* Its copies of the lock must be gone before the next holder comes. */
	if (run.keeper > 0)
		keeper_end(run.keeper);
	portlock_release(lock);
	get_terminal_back(&run);
	return status;
}
