/* SPDX-License-Identifier: MIT */
/* open.h - what the files of the family "open" share.
 *
 * A descriptor of a matching file has a hold, which is taken before the program
 * can see or change what is in the file, and ends with the descriptor.
 */
#ifndef PORTLOCK_SHIM_OPEN_H
#define PORTLOCK_SHIM_OPEN_H

#include "shim/lockfile.h"
#include "shim/recent.h"

/* ---- hook_open.c --------------------------------------------------------- */

/* Whether an open may be of concern. */
static inline bool open_has_rules(void)
{
	return shim_family_has_rules(SHIM_OPEN) ||
	       shim_family_has_rules(SHIM_LOCKFILE);
}

/* The result of any open. */
static inline int open_made(int fd)
{
	recent_forget_fd(fd);
	return fd;
}

/* Any open, once its flags are known: in place of call->make(call). */
int open_any(struct lockfile_call *call);

/* ---- opened.c ------------------------------------------------------------ */

/* Cheap first question: could a rule match an open with these flags? */
bool open_fits(const char *path, int flags);

/*
 * In place of make(call), which is made when the hold is taken, or else again
 * if the path leads to another file then.
 */
int open_and_hold(struct lockfile_call *call,
		  int (*make)(struct lockfile_call *call));

#endif
