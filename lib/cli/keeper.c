/* SPDX-License-Identifier: MIT */
/* keeper.c - a process that keeps the lock for a command, come what may. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cli/supervise.h"

/*
 * A copy of this process that has run no fork handlers, and so has what they
 * would have closed: the lock.  (The wrapper has one thread, so that little
 * else is missing.)
 */
static pid_t bare_fork(void)
{
#if __GLIBC_PREREQ(2, 34)
	return _Fork();
#elif defined(__s390__)
	return (pid_t)syscall(SYS_clone, 0, SIGCHLD, 0, 0, 0);
#else
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
#endif
}

/*
 * A kill of the wrapper's process group is not for the keeper: a command with a
 * group of its own would run on without the lock.  Both sides see to it, so that
 * it is done before the command starts.
 */
static void leave_group(pid_t keeper)
{
	setpgid(keeper, keeper);
}

/*
 * Of all who could do it we are the one that is surely there.  A wrapper that is
 * stopped, as its command was, goes on to tell of it and to let go; but only
 * after the command has its signal, as it passes SIGCONT on.
 */
static void end_group(pid_t group, pid_t wrapper, int grace_ms)
{
	group_tell_to_end(group);
	if (getppid() == wrapper)
		kill(wrapper, SIGCONT);
	group_make_end(group, grace_ms);
}

static _Noreturn void keep(const struct child *child, pid_t wrapper,
			   const struct guard *guard)
{
	/* A child that waits shall see the end of the wrapper, not ours. */
	if (child->go >= 0)
		close(child->go);
	leave_group(0);
	prctl(PR_SET_NAME, "portlock-keeper");
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	if (!child_await_end(child, guard->ends_group ? guard->lost : -1))
		end_group(child->pid, wrapper, guard->grace_ms);
	_exit(0);
}

pid_t keeper_start(const struct child *child, const struct guard *guard)
{
	pid_t wrapper = getpid();
	pid_t pid = bare_fork();

	if (pid == 0)
		keep(child, wrapper, guard);
	if (pid > 0)
		leave_group(pid);
	return pid < 0 ? -errno : pid;
}

void keeper_end(pid_t keeper)
{
	kill(keeper, SIGKILL);
	waitpid(keeper, NULL, 0);
}

bool keeper_await_end(pid_t keeper)
{
	int status;

	return waitpid(keeper, &status, 0) == keeper && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}
