/* SPDX-License-Identifier: MIT */
/* cluster_locks.c - the locks in etcd that are compared: portlock with the etcd
 * transport, and the command "etcdctl lock".
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <portlock/portlock.h>

#include "bench/etcd.h"
#include "bench/fail.h"
#include "bench/locks/portlock.h"
#include "bench/scenarios/cluster_locks.h"

/* ---- portlock ------------------------------------------------------------- */

static void *open_portlock(const char *name)
{
	return lock_portlock_open(name, "etcd");
}

const struct bench_lock cluster_portlock = {
	.name = "portlock-etcd",
	.open = open_portlock,
	.acquire = lock_portlock_acquire,
	.release = lock_portlock_release,
	.close = lock_portlock_close,
};

/* ---- etcdctl -------------------------------------------------------------- */

/* "etcdctl lock NAME" prints when it has the lock, and lets go on SIGINT. */
struct command {
	char *name;
	pid_t pid;
	int output; /* open until its end: it would be killed by SIGPIPE */
};

static void *open_command(const char *name)
{
	struct command *command = calloc(1, sizeof(*command));

	if (command)
		command->name = strdup(name);
	if (command && !command->name) {
		free(command);
		return NULL;
	}
	return command;
}

static _Noreturn void become_command(const struct command *command, int output,
				     pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_DFL);
	if (getppid() == parent && dup2(output, STDOUT_FILENO) >= 0 &&
	    setenv("ETCDCTL_API", "3", 1) == 0 &&
	    setenv("ETCDCTL_ENDPOINTS", etcd_endpoints(), 1) == 0)
		execlp("etcdctl", "etcdctl", "lock", command->name,
		       (char *)NULL);
	fail("cannot run etcdctl: %s", strerror(errno));
}

static int end_command(struct command *command, int number)
{
	int status;

	kill(command->pid, number);
	while (waitpid(command->pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	close(command->output);
	if ((WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
	    (WIFSIGNALED(status) && WTERMSIG(status) == number))
		return 0;
	return EIO;
}

static int acquire_command(void *lock)
{
	struct command *command = lock;
	pid_t parent = getpid();
	int ends[2];
	char first;

	if (pipe(ends) < 0)
		return errno;
	command->pid = fork();
	if (command->pid == 0) {
		close(ends[0]);
		become_command(command, ends[1], parent);
	}
	close(ends[1]);
	command->output = ends[0];
	if (command->pid < 0) {
		close(ends[0]);
		return EAGAIN;
	}
	if (read(ends[0], &first, 1) == 1)
		return 0;
	end_command(command, SIGKILL);
	return EIO;
}

static int release_command(void *lock)
{
	return end_command(lock, SIGINT);
}

static void close_command(void *lock, bool remove)
{
	struct command *command = lock;

	(void)remove;
	free(command->name);
	free(command);
}

const struct bench_lock cluster_etcdctl = {
	.name = "etcdctl",
	.open = open_command,
	.acquire = acquire_command,
	.release = release_command,
	.close = close_command,
};
