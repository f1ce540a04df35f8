/* SPDX-License-Identifier: MIT */
/* recent.h - paths that led to nothing of concern a moment ago.
 *
 * Even one system call is too much for an open that no rule matches.  So a
 * verdict is good for the path itself until the clock's next tick, 10 ms at
 * most, or until this process changes where paths lead.
 */
#ifndef PORTLOCK_SHIM_RECENT_H
#define PORTLOCK_SHIM_RECENT_H

#include "shim/shim.h"

/* All of them are async-signal-safe and keep errno. */

/* Stands for that many characters of an absolute path, at this moment; 0: of
 * another path, which leads somewhere else from another directory. */
uint64_t recent_number(enum shim_family family, const char *path,
		       size_t length);

bool recent_has(uint64_t number);
void recent_note(uint64_t number);

/* A renaming, a new link, another root: all verdicts are void. */
void recent_forget(void);

#endif
