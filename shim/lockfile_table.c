/* SPDX-License-Identifier: MIT */
/* lockfile_table.c - the lock files that this process makes, has and removes.
 *
 * The states make it safe: who changes an entry's state owns the entry for
 * the time being, be it a thread, or a signal handler that removes a file.
 * An entry knows its process, so the child of a fork owns no lock file.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/lockfile.h"

#define ENTRIES 64 /* bits of lockfile_leave()'s set */

enum {
	FREE,
	CLAIMED, /* an attempt is under way */
	LIVE,	 /* made, marked, the token held */
	LEAVING, /* being removed, and then the token released */
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
	entry->marked = false;
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

		if (phase(state) == LIVE &&
		    lockfile_lost_mark(entries[index].path,
				       entries[index].mark) &&
		    claim(index, state, pid))
			return &entries[index];
	}
	return NULL;
}

static bool is_ours(uint64_t state)
{
	return (phase(state) == LIVE || phase(state) == LEAVING) &&
	       process(state) == getpid();
}

/* The file of an entry that is LEAVING has gone. */
static void let_go(int index, uint64_t state)
{
	/* It may have become what it protects. */
	lockfile_seen_replaced(entries[index].path, entries[index].identity);
	portlock_release(&entries[index].token);
	advance(index, state, GONE);
}

static bool begin_leaving(int index, uint64_t *state)
{
	if (phase(*state) != LIVE || !advance(index, *state, LEAVING))
		return false;
	*state = (*state & ~UINT64_C(0xff)) | LEAVING;
	return true;
}

void lockfile_settle(struct lockfile_entry *entry)
{
	int index = (int)(entry - entries);

	if (entry->has_turnstile)
		pl_lock_fini(&entry->turnstile);
	entry->has_turnstile = false;
	if (!entry->marked)
		tidy(entry);
	/* Last: from here on a signal handler may take it. */
	advance(index, entry->state, entry->marked ? LIVE : FREE);
}

/* ---- the ends --------------------------------------------------------------- */

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

static bool is_path_of(const struct lockfile_entry *entry, int directory,
		       const char *path)
{
	char real[PATH_MAX];
	size_t base;

	return path_resolve(directory, path, real, &base) &&
	       strcmp(real, entry->path) == 0;
}

/* The entries of this process with the base name of the end's path, as a set. */
static uint64_t find_named(const struct lockfile_end *end)
{
	int last = atomic_load_explicit(&used, memory_order_relaxed);
	uint64_t named = 0;
	const char *base;
	size_t length;

	if (last == 0 || !end->path)
		return 0;
	base = last_component(end->path, &length);
	for (int index = 0; index < last; index++) {
		const struct lockfile_entry *entry = &entries[index];
		const char *name = entry->path + entry->base;

		if (is_ours(atomic_load(&states[index])) &&
		    strncmp(name, base, length) == 0 && name[length] == '\0')
			named |= UINT64_C(1) << index;
	}
	return named;
}

/*
 * Programs remove their lock files in signal handlers, by name, until their
 * own unlink() or rename() has returned.  The real one may have returned long
 * before that, and somebody else have made the next file.
 */
static bool is_late(const struct lockfile_end *end, uint64_t named)
{
	for (int index = 0; named; index++, named >>= 1)
		if (named & 1 &&
		    phase(atomic_load(&states[index])) == LEAVING &&
		    is_path_of(&entries[index], end->directory, end->path))
			return true;
	return false;
}

/* The name alone does not say which file of that name it is. */
static void find_file(struct lockfile_end *end, uint64_t named)
{
	struct statx now;
	uint64_t identity;

	if (statx(end->directory, end->path, AT_SYMLINK_NOFOLLOW,
		  LOCKFILE_IDENTITY | STATX_NLINK | STATX_TYPE, &now) < 0) {
		/* The next file may come before the real call. */
		end->late = errno == ENOENT && is_late(end, named);
		return;
	}
	identity = lockfile_identity(&now);
	for (int index = 0; index < ENTRIES; index++) {
		uint64_t state = atomic_load(&states[index]);

		if (!(named >> index & 1) || !is_ours(state) ||
		    entries[index].identity != identity)
			continue;
		/* Is it another link to it? */
		if (!S_ISDIR(now.stx_mode) && now.stx_nlink > 1 &&
		    !is_path_of(&entries[index], end->directory, end->path))
			return;
		if (begin_leaving(index, &state))
			end->index = index;
		return;
	}
	end->late = is_late(end, named);
}

void lockfile_end_begin(struct lockfile_end *end, int directory,
			const char *path)
{
	int error = errno;
	uint64_t named;

	*end = (struct lockfile_end){ .directory = directory,
				      .path = path,
				      .index = -1 };
	named = find_named(end);
	if (named)
		find_file(end, named);
	errno = error;
}

void lockfile_end_finish(const struct lockfile_end *end, int result)
{
	int error = errno;
	uint64_t state;
	struct stat now;

	if (end->index < 0)
		return;
	state = atomic_load(&states[end->index]);
	/* A signal handler may have been faster. */
	if (result == 0 || (fstatat(end->directory, end->path, &now,
				    AT_SYMLINK_NOFOLLOW) < 0 &&
			    errno == ENOENT))
		let_go(end->index, state);
	else
		advance(end->index, state, LIVE);
	errno = error;
}

uint64_t lockfile_leave(void)
{
	int end = atomic_load_explicit(&used, memory_order_relaxed);
	uint64_t left = 0;

	for (int index = 0; index < end; index++) {
		if (!is_ours(atomic_load(&states[index])) ||
		    !lockfile_has_mark(entries[index].path,
				       entries[index].mark))
			continue;
		lockfile_take_mark(entries[index].path);
		left |= UINT64_C(1) << index;
	}
	return left;
}

void lockfile_stay(uint64_t left)
{
	struct statx now;

	/* After a change of the root the path may be another file's. */
	for (int index = 0; left; index++, left >>= 1)
		if (left & 1 &&
		    statx(AT_FDCWD, entries[index].path, AT_SYMLINK_NOFOLLOW,
			  LOCKFILE_IDENTITY, &now) == 0 &&
		    lockfile_identity(&now) == entries[index].identity)
			lockfile_put_mark(entries[index].path,
					  entries[index].mark);
}
