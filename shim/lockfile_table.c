/* SPDX-License-Identifier: MIT */
/* lockfile_table.c - the lock files that this process is making or has made.
 *
 * The states make it safe: who changes an entry's state owns the entry for
 * the time being, be it a thread, or a signal handler that removes a file.
 * An entry knows its process, so the child of a fork owns no lock file.
 */
#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/lockfile.h"

#define ENTRIES 64 /* bits of lockfile_leave()'s set */

enum {
	FREE,
	CLAIMED, /* an attempt is under way */
	LIVE,	 /* made, marked, the token held */
	LEAVING, /* removed; the token is being released */
	GONE,	 /* the token is released, its handle still initialised */
};

/* pid << 32 | count of uses << 8 | one of the above */
static _Atomic uint64_t states[ENTRIES];
static struct lockfile_entry entries[ENTRIES];
static atomic_int used; /* entries from here on were never used */

static unsigned phase(uint64_t state)
{
	return state & 0xff;
}

static pid_t process(uint64_t state)
{
	return (pid_t)(state >> 32);
}

static bool advance(int index, uint64_t state, unsigned to)
{
	return atomic_compare_exchange_strong(&states[index], &state,
					      (state & ~UINT64_C(0xff)) | to);
}

static bool is_there(const struct lockfile_entry *entry)
{
	return lockfile_has_mark(entry->path, entry->mark);
}

/* What a former use left. */
static void tidy(struct lockfile_entry *entry)
{
	if (entry->has_token)
		pl_lock_fini(&entry->token);
	if (entry->has_turnstile)
		pl_lock_fini(&entry->turnstile);
	entry->has_token = entry->has_turnstile = false;
}

static bool claim(int index, uint64_t state, pid_t pid)
{
	struct lockfile_entry *entry = &entries[index];
	uint64_t uses = (state >> 8) + 1;
	uint64_t mine = (uint64_t)pid << 32 | (uses & 0xffffff) << 8 | CLAIMED;

	if (!atomic_compare_exchange_strong(&states[index], &state, mine))
		return false;
	tidy(entry);
	/* The parent waits on the same inotify instance. */
	if (entry->watch && process(state) != pid) {
		pl_ops->close(entry->watch - 1);
		entry->watch = 0;
	}
	entry->state = mine;
	return true;
}

/*
 * Whether an entry can be had.  One that another thread had claimed in the
 * parent of a fork is lost to the child: nobody knows how far that thread got.
 */
static bool is_to_be_had(uint64_t state, pid_t pid)
{
	return phase(state) == FREE || phase(state) == GONE ||
	       (phase(state) != CLAIMED && process(state) != pid);
}

static void note_use(int index)
{
	int seen = atomic_load(&used);

	while (seen <= index &&
	       !atomic_compare_exchange_weak(&used, &seen, index + 1))
		continue;
}

struct lockfile_entry *lockfile_claim(void)
{
	pid_t pid = getpid();
	int index;

	for (index = 0; index < ENTRIES; index++) {
		uint64_t state = atomic_load(&states[index]);

		if (is_to_be_had(state, pid) && claim(index, state, pid)) {
			note_use(index);
			return &entries[index];
		}
	}
	/* Other processes may have removed files of ours. */
	for (index = 0; index < ENTRIES; index++) {
		uint64_t state = atomic_load(&states[index]);

		if (phase(state) == LIVE && !is_there(&entries[index]) &&
		    claim(index, state, pid))
			return &entries[index];
	}
	return NULL;
}

void lockfile_settle(struct lockfile_entry *entry, bool made)
{
	int index = (int)(entry - entries);

	if (entry->has_turnstile)
		pl_lock_fini(&entry->turnstile);
	entry->has_turnstile = false;
	if (!made)
		tidy(entry);
	/* Last: from here on a signal handler may take it. */
	advance(index, entry->state, made ? LIVE : FREE);
}

/* Whether the entry is a file of this process with that name. */
static bool is_named(int index, const char *base, size_t length,
		     uint64_t *state)
{
	const struct lockfile_entry *entry = &entries[index];

	*state = atomic_load(&states[index]);
	return phase(*state) == LIVE &&
	       strncmp(entry->path + entry->base, base, length) == 0 &&
	       entry->path[entry->base + length] == '\0' &&
	       process(*state) == getpid();
}

/* The last component and its length, without trailing slashes. */
static const char *last_component(const char *path, size_t *length)
{
	size_t end = strlen(path), start;

	while (end > 1 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	*length = end - start;
	return path + start;
}

void lockfile_removed(const char *path, ino_t became)
{
	int end = atomic_load_explicit(&used, memory_order_relaxed);
	const char *base;
	uint64_t state;
	size_t length;

	if (end == 0)
		return;
	base = last_component(path, &length);
	for (int index = 0; index < end; index++) {
		/* The name alone does not say which file of that name it was:
		 * the mark does. */
		if (!is_named(index, base, length, &state) ||
		    is_there(&entries[index]) ||
		    !advance(index, state, LEAVING))
			continue;
		if (became)
			lockfile_seen_replaced(entries[index].path, became);
		portlock_release(&entries[index].token);
		advance(index, (state & ~UINT64_C(0xff)) | LEAVING, GONE);
	}
}

uint64_t lockfile_leave(void)
{
	int end = atomic_load_explicit(&used, memory_order_relaxed);
	uint64_t left = 0;

	for (int index = 0; index < end; index++) {
		uint64_t state = atomic_load(&states[index]);

		if (phase(state) != LIVE || process(state) != getpid() ||
		    !is_there(&entries[index]))
			continue;
		lockfile_take_mark(entries[index].path);
		left |= UINT64_C(1) << index;
	}
	return left;
}

void lockfile_stay(uint64_t left)
{
	for (int index = 0; left; index++, left >>= 1)
		if (left & 1)
			lockfile_put_mark(entries[index].path,
					  entries[index].mark);
}
