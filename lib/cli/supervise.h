/* SPDX-License-Identifier: MIT */
/* supervise.h - running a command so that its lock lasts exactly as long.
 *
 * Three processes share the work:
 * - the wrapper, which the user started, holds the lock, passes signals on and
 *   ends as the command did;
 * - the command, a child of the wrapper, has nothing of the lock;
 * - the keeper, made without fork handlers, has copies of the lock's
 *   descriptors and ends when the command has.
 * So the lock outlives a wrapper that is killed, by as long as the command
 * does.  A killed keeper is replaced by the wrapper.  The command is not
 * started before the keeper is there.
 *
 * A lock of a cluster can be lost meanwhile.  Unless it was asked not to, the
 * keeper then ends the command's process group, which is one of its own for
 * that; the wrapper, which may be stopped or dead by then, only tells of it.
 */
#ifndef PORTLOCK_CLI_SUPERVISE_H
#define PORTLOCK_CLI_SUPERVISE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <portlock/portlock.h>

/* ---- supervise.c: the wrapper -------------------------------------------- */

/* What happens when the lock is lost. */
struct guard {
	const char *key; /* to name it by */
	int lost;	 /* readable when it is; negative: it cannot be */
	bool ends_group; /* of the command; else it is only told */
	int grace_ms;	 /* between SIGTERM and SIGKILL */
};

/* Runs the command under the lock, which is held and then released; the status
 * to exit with. */
int supervise(portlock_t *lock, char **command, const struct guard *guard);

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
	bool leads;	     /* a process group of its own */
	int go;		     /* a byte into it starts the command; then -1 */
	int pidfd;	     /* -1: the system has none */
	uint64_t start_time; /* by /proc, 0 unknown */
};

/* Makes the process that becomes the command after child_go(), or ends without
 * having done anything when the wrapper does; 0 or -errno.  child->leads is set
 * before. */
int child_start(struct child *child, char **command,
		const struct inherited *inherited);
void child_go(struct child *child);

/* Calls it off: the command will not run. */
void child_cancel(struct child *child);

/* ---- ended.c: has the command ended? ------------------------------------- */

/* Fills in how a process of ours that is there can be recognised. */
void child_identify(struct child *child);

/* Returns when the child has ended (true) or the descriptor, if it is not
 * negative, is readable (false); works in any process. */
bool child_await_end(const struct child *child, int other);

/* ---- keeper.c: the keeper ------------------------------------------------ */

/* Its process id, or -errno. */
pid_t keeper_start(const struct child *child, const struct guard *guard);
void keeper_end(pid_t keeper);

/* Of one that ends by itself; whether it could do all that it does. */
bool keeper_await_end(pid_t keeper);

/* ---- group.c: the command's process group --------------------------------- */

void group_tell_to_end(pid_t group);

/* Kills what has not ended after the time, and sees it end if that takes no
 * longer than as much again. */
void group_make_end(pid_t group, int grace_ms);

/* ---- terminal.c: and its terminal ------------------------------------------ */

/* From our group to that one: true if that one has it now. */
bool terminal_lend(pid_t group);

/* Whether that group has it, and if so, takes it back. */
bool terminal_is_lent(pid_t group);
bool terminal_take_back(pid_t group);

#endif
