/* SPDX-License-Identifier: MIT */
/* recent.h - paths and descriptors that led to nothing of concern a moment ago.
 *
 * Even one system call is too much for a call that no rule matches.  So a
 * verdict is good for the path itself, or the number of the descriptor, until
 * the clock's next tick, 10 ms at most, or until this process calls a function
 * that the shim has and that changes where they lead.  What other processes
 * change may be seen a tick late; so may a file that was closed behind our back
 * (syscall) and followed by another one under its number.
 */
#ifndef PORTLOCK_SHIM_RECENT_H
#define PORTLOCK_SHIM_RECENT_H

#include "shim/shim.h"

/* All of them are async-signal-safe and keep errno. */

/* What has no rule. */
enum recent {
	RECENT_OPENED,	  /* in the family open, the file of a path */
	RECENT_MADE,	  /* in lockfile, what is made by that path */
	RECENT_PROTECTED, /* in lockfile, what files of a folder are protected
			   * by */
	RECENT_LOCKED,	  /* in a family of file locks, a descriptor's file */
};

/* Stands for that many characters of a path, at this moment; 0: of one that is
 * relative to who knows what. */
uint64_t recent_path(enum recent what, int directory, const char *path,
		     size_t length);
/* Stands for a descriptor. */
uint64_t recent_fd(enum shim_family family, int fd);

bool recent_has(uint64_t number);
void recent_note(uint64_t number);

/* A renaming, a symbolic link, another directory or root: all verdicts are
 * void. */
void recent_forget(void);

/*
 * A new directory leads nowhere else than before, unless it is in the place of
 * a symbolic link: a name that was removed may have been one.
 */
void recent_removed(void);
void recent_made_directory(void);

/* A descriptor is closed, or is a new one.  Every open and close asks. */
void recent_forget_this_fd(int fd);
static inline void recent_forget_fd(int fd)
{
	if (atomic_load_explicit(&shim_families_ruled, memory_order_relaxed) &
	    (1u << SHIM_FLOCK | 1u << SHIM_FCNTL))
		recent_forget_this_fd(fd);
}

/* From now on this process may go to other directories behind our back, or its
 * threads have directories or descriptors of their own. */
void recent_distrust(void);

#endif
