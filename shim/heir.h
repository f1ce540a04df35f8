/* SPDX-License-Identifier: MIT */
/* heir.h - locks of open files go on in forked children.
 *
 * A lock that belongs to an open file ends when nobody has that file open any
 * more, and parent and child both have it.  So the portlock of a parent that
 * ends first, or closes the file first, goes to the youngest child that could
 * go on with it.  Between the two is a socket: the parent sends the portlock
 * into it, where it is safe even before the child looks.  A child that becomes
 * another program, or closes the file, has no such socket any more.
 */
#ifndef PORTLOCK_SHIM_HEIR_H
#define PORTLOCK_SHIM_HEIR_H

#include "shim/hold.h"

/* Around fork(), called by tie.c, which knows what is tied. */
void heir_before_fork(void);
void heir_after_fork(void);
void heir_after_fork_in_child(void);

/* All that follows is async-signal-safe and keeps errno. */

/* In the child: whether the hold has come, or may still come. */
bool heir_expects(struct shim_hold *hold);
/* The same for any hold of that key. */
bool heir_expects_key(const struct pl_address *address);
/* Takes it, if it has come: the ties have it then (tie_adopt()).  When a
 * descriptor is closed it is not taken from other heirs. */
void heir_claim(struct shim_hold *hold, bool closed);
/* No descriptor is left for which it was expected. */
void heir_renounce(struct shim_hold *hold);

/* In the parent: drops the hold, or gives it to an heir. */
void heir_drop(struct shim_hold *hold);
/* The hold has gone, for all. */
void heir_forget(struct shim_hold *hold);
/* The process ends: what has an heir goes to it. */
void heir_leave(void);

/* daemon() in between: the parent ends right after the fork. */
void heir_daemon_begins(void);
void heir_daemon_ends(void);

/* Moves a descriptor to another number; false: it is none of these. */
bool heir_move(int fd);

#endif
