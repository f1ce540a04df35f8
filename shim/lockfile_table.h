/* SPDX-License-Identifier: MIT */
/* lockfile_table.h - the table of lock files, for the two files that know how
 * it is made: lockfile_table.c and lockfile_end.c.
 *
 * The states make it safe: who changes an entry's state owns the entry for
 * the time being, be it a thread, or a signal handler that removes a file.
 * An entry knows its process, so the child of a fork owns no lock file.
 */
#ifndef PORTLOCK_SHIM_LOCKFILE_TABLE_H
#define PORTLOCK_SHIM_LOCKFILE_TABLE_H

#include <unistd.h>

#include "shim/lockfile.h"

#define LOCKFILE_ENTRIES 64 /* bits of lockfile_leave()'s set */

enum lockfile_phase {
	FREE,
	CLAIMED, /* an attempt is under way */
	LIVE,	 /* made; marked and the token held, or a hold of its key */
	LEAVING, /* being removed, and then that is let go */
	GONE,	 /* let go; the token's handle still initialised */
};

/* pid << 32 | count of uses << 8 | one of the above */
extern _Atomic uint64_t lockfile_states[LOCKFILE_ENTRIES];
extern struct lockfile_entry lockfile_entries[LOCKFILE_ENTRIES];
extern atomic_int lockfile_used; /* entries from here on were never used */

static inline enum lockfile_phase lockfile_phase(uint64_t state)
{
	return state & 0xff;
}

static inline pid_t lockfile_process(uint64_t state)
{
	return (pid_t)(state >> 32);
}

/* Whether the entry has a file of this process. */
static inline bool lockfile_is_ours(uint64_t state)
{
	return (lockfile_phase(state) == LIVE ||
		lockfile_phase(state) == LEAVING) &&
	       lockfile_process(state) == getpid();
}

static inline bool lockfile_advance(int index, uint64_t state,
				    enum lockfile_phase to)
{
	return atomic_compare_exchange_strong(&lockfile_states[index], &state,
					      (state & ~UINT64_C(0xff)) | to);
}

#endif
