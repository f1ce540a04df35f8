/* SPDX-License-Identifier: MIT */
/* supervise.h - running a command so that its lock lasts exactly as long.
 *
 * Three processes share the work:
 * - the wrapper, which the user started, holds the lock, passes signals on and
 *   ends as the command did;
 * - the command, a child of the wrapper, has nothing of the lock;
 * - the keeper, made without fork handlers, has copies of the lock's
 *   descriptors and does nothing but end when the command has.
 * So the lock outlives a wrapper that is killed, by as long as the command
 * does.  A killed keeper is replaced by the wrapper.  The command is not
 * started before the keeper is there.
 */
#ifndef PORTLOCK_CLI_SUPERVISE_H
#define PORTLOCK_CLI_SUPERVISE_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include <portlock/portlock.h>

/* ---- supervise.c: the wrapper -------------------------------------------- */

/* Runs the command under the lock, which is held and then released; the status
 * to exit with. */
int supervise(portlock_t *lock, char **command);

/* The same without a lock, and so without a keeper. */
int supervise_alone(char **command);

/* ---- child.c: the command ------------------------------------------------ */

/* What the wrapper changes for itself and the command gets back. */
struct inherited {
	sigset_t mask;
	struct sigaction on_child;
};

struct child {
	pid_t pid;
	int go;		     /* a byte into it starts the command; then -1 */
	int pidfd;	     /* -1: the system has none */
	uint64_t start_time; /* by /proc, 0 unknown */
};

/* Makes the process that becomes the command after child_go(), or ends without
 * having done anything when the wrapper does; 0 or -errno. */
int child_start(struct child *child, char **command,
		const struct inherited *inherited);
void child_go(struct child *child);

/* Calls it off: the command will not run. */
void child_cancel(struct child *child);

/* ---- ended.c: has the command ended? ------------------------------------- */

/* Fills in how a process of ours that is there can be recognised. */
void child_identify(struct child *child);

/* Returns when the child has ended; works in any process. */
void child_await_end(const struct child *child);

/* ---- keeper.c: the keeper ------------------------------------------------ */

/* Its process id, or -errno. */
pid_t keeper_start(const struct child *child);
void keeper_end(pid_t keeper);

#endif
