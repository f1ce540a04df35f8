/* SPDX-License-Identifier: MIT */
/* child.c - the process that becomes the command. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cli/cli.h"
#include "lib/cli/supervise.h"

/* fork() has closed our copies of the lock. */
static _Noreturn void become(char **command, const int go[2],
			     const struct inherited *inherited)
{
	char byte;

	close(go[1]);
	if (read(go[0], &byte, 1) != 1)
		_exit(EXIT_SYSTEM); /* the wrapper is dead */
	sigaction(SIGCHLD, &inherited->on_child, NULL);
	sigprocmask(SIG_SETMASK, &inherited->mask, NULL);
	execvp(command[0], command);
	_exit(cannot_run(command[0], errno));
}

int child_start(struct child *child, char **command,
		const struct inherited *inherited)
{
	int go[2], error;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	child->pid = fork();
	if (child->pid == 0)
		become(command, go, inherited);
	error = -errno;
	close(go[0]);
	if (child->pid < 0) {
		close(go[1]);
		return error;
	}
	/* Before it is the command, and so before anybody is in it. */
	if (child->leads)
		setpgid(child->pid, child->pid);
	child->go = go[1];
	child_identify(child);
	return 0;
}

void child_go(struct child *child)
{
	ssize_t written = write(child->go, "", 1);

	(void)written; /* fails if the child is dead, as waitpid() will tell */
	close(child->go);
	child->go = -1;
}

void child_cancel(struct child *child)
{
	close(child->go);
	waitpid(child->pid, NULL, 0);
	if (child->pidfd >= 0)
		close(child->pidfd);
}
