/* SPDX-License-Identifier: MIT */
/* lockfile_table.c - the lock files that this process makes and has. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "shim/lockfile_table.h"

_Atomic uint64_t lockfile_states[LOCKFILE_ENTRIES];
struct lockfile_entry lockfile_entries[LOCKFILE_ENTRIES];
atomic_int lockfile_used;

/* What a former use left. */
static void tidy(struct lockfile_entry *entry)
{
	lockfile_key_drop(entry);
	if (entry->has_token)
		pl_lock_fini(&entry->token);
	if (entry->has_turnstile)
		pl_lock_fini(&entry->turnstile);
	entry->has_token = entry->has_turnstile = false;
}

static bool claim(int index, uint64_t state, pid_t pid)
{
	struct lockfile_entry *entry = &lockfile_entries[index];
	uint64_t uses = (state >> 8) + 1;
	uint64_t mine = (uint64_t)pid << 32 | (uses & 0xffffff) << 8 | CLAIMED;

	if (!atomic_compare_exchange_strong(&lockfile_states[index], &state,
					    mine))
		return false;
	if (lockfile_process(state) != pid) {
		entry->hold = NULL;
		/* The parent waits on the same inotify instance. */
		if (entry->watch)
			pl_ops->close(entry->watch - 1);
		entry->watch = 0;
	}
	tidy(entry);
	entry->state = mine;
	entry->marked = false;
	return true;
}

/*
 * Whether an entry can be had.  One that another thread had claimed in the
 * parent of a fork is lost to the child: nobody knows how far that thread got.
 */
static bool is_to_be_had(uint64_t state, pid_t pid)
{
	return lockfile_phase(state) == FREE || lockfile_phase(state) == GONE ||
	       (lockfile_phase(state) != CLAIMED &&
		lockfile_process(state) != pid);
}

/* Whether it is known that another process removed the file.  A mark may be
 * lost by a change of rights, which is no end of the key. */
static bool is_lost(const struct lockfile_entry *entry)
{
	return entry->hold ? lockfile_is_gone(entry)
			   : lockfile_lost_mark(entry->path, entry->mark);
}

static void note_use(int index)
{
	int seen = atomic_load(&lockfile_used);

	while (seen <= index &&
	       !atomic_compare_exchange_weak(&lockfile_used, &seen, index + 1))
		continue;
}

struct lockfile_entry *lockfile_claim(void)
{
	pid_t pid = getpid();
	int index;

	for (index = 0; index < LOCKFILE_ENTRIES; index++) {
		uint64_t state = atomic_load(&lockfile_states[index]);

		if (is_to_be_had(state, pid) && claim(index, state, pid)) {
			note_use(index);
			return &lockfile_entries[index];
		}
	}
	/* Other processes may have removed files of ours. */
	for (index = 0; index < LOCKFILE_ENTRIES; index++) {
		uint64_t state = atomic_load(&lockfile_states[index]);

		if (lockfile_phase(state) == LIVE &&
		    is_lost(&lockfile_entries[index]) &&
		    claim(index, state, pid))
			return &lockfile_entries[index];
	}
	return NULL;
}

void lockfile_settle(struct lockfile_entry *entry)
{
	int index = (int)(entry - lockfile_entries);

	if (entry->has_turnstile)
		pl_lock_fini(&entry->turnstile);
	entry->has_turnstile = false;
	if (!entry->marked) {
		if (entry->has_token)
			pl_lock_fini(&entry->token);
		entry->has_token = false;
		entry->mark[0] = '\0';
	}
	/* Last: from here on a signal handler may take it. */
	lockfile_advance(index, entry->state,
			 entry->marked || entry->hold ? LIVE : FREE);
}

bool lockfile_is_our_mark(const char *mark)
{
	int end = atomic_load(&lockfile_used);

	for (int index = 0; index < end; index++)
		if (lockfile_is_ours(atomic_load(&lockfile_states[index])) &&
		    strcmp(lockfile_entries[index].mark, mark) == 0)
			return true;
	return false;
}
