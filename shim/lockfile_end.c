/* SPDX-License-Identifier: MIT */
/* lockfile_end.c - the lock files of this process go away, or it does. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "shim/lockfile_table.h"

/* The file of an entry that is LEAVING has gone. */
static void let_go(int index, uint64_t state)
{
	struct lockfile_entry *entry = &lockfile_entries[index];

	if (entry->has_token)
		portlock_release(&entry->token);
	lockfile_key_drop(entry);
	lockfile_advance(index, state, GONE);
}

static bool begin_leaving(int index, uint64_t *state)
{
	if (lockfile_phase(*state) != LIVE ||
	    !lockfile_advance(index, *state, LEAVING))
		return false;
	*state = (*state & ~UINT64_C(0xff)) | LEAVING;
	return true;
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
	int last = atomic_load_explicit(&lockfile_used, memory_order_relaxed);
	uint64_t named = 0;
	const char *base;
	size_t length;

	if (last == 0 || !end->path)
		return 0;
	base = last_component(end->path, &length);
	for (int index = 0; index < last; index++) {
		const struct lockfile_entry *entry = &lockfile_entries[index];
		const char *name = entry->path + entry->base;

		if (lockfile_is_ours(atomic_load(&lockfile_states[index])) &&
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
		    lockfile_phase(atomic_load(&lockfile_states[index])) ==
			    LEAVING &&
		    is_path_of(&lockfile_entries[index], end->directory,
			       end->path))
			return true;
	return false;
}

static void end_entry(struct lockfile_end *end, int index, uint64_t state,
		      bool has_other_names)
{
	struct lockfile_entry *entry = &lockfile_entries[index];

	/* Is it another name of it? */
	if (has_other_names && !is_path_of(entry, end->directory, end->path))
		return;
	if (!begin_leaving(index, &state))
		return;
	end->index = index;
	lockfile_seen_written(entry->path);
	/* The file stays, and may get the name of a lock again. */
	if (has_other_names && lockfile_has_mark(entry->path, entry->mark)) {
		lockfile_take_mark(entry->path);
		end->unmarked = true;
	}
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
	for (int index = 0; index < LOCKFILE_ENTRIES; index++) {
		uint64_t state = atomic_load(&lockfile_states[index]);

		if (!(named >> index & 1) || !lockfile_is_ours(state) ||
		    lockfile_entries[index].identity != identity)
			continue;
		end_entry(end, index, state,
			  !S_ISDIR(now.stx_mode) && now.stx_nlink > 1);
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

/* It was not removed. */
static void stay(const struct lockfile_end *end, uint64_t state)
{
	const struct lockfile_entry *entry = &lockfile_entries[end->index];

	if (end->unmarked)
		lockfile_put_mark(entry->path, entry->mark);
	lockfile_advance(end->index, state, LIVE);
}

void lockfile_end_finish(const struct lockfile_end *end, int result)
{
	int error = errno;
	uint64_t state;
	struct stat64 now;

	if (end->index < 0)
		return;
	state = atomic_load(&lockfile_states[end->index]);
	/* A signal handler may have been faster. */
	if (result == 0 || (fstatat64(end->directory, end->path, &now,
				      AT_SYMLINK_NOFOLLOW) < 0 &&
			    errno == ENOENT)) {
		/* It may have become what it protects. */
		lockfile_seen_replaced(lockfile_entries[end->index].path,
				       lockfile_entries[end->index].identity);
		let_go(end->index, state);
	} else {
		stay(end, state);
	}
	errno = error;
}

void lockfile_forget_gone(const struct shim_hold *hold)
{
	int end = atomic_load(&lockfile_used);

	for (int index = 0; index < end; index++) {
		uint64_t state = atomic_load(&lockfile_states[index]);

		if (lockfile_is_ours(state) &&
		    lockfile_entries[index].hold == hold &&
		    lockfile_is_gone(&lockfile_entries[index]) &&
		    begin_leaving(index, &state))
			let_go(index, state);
	}
}

uint64_t lockfile_leave(void)
{
	int end = atomic_load_explicit(&lockfile_used, memory_order_relaxed);
	uint64_t left = 0;

	for (int index = 0; index < end; index++) {
		if (!lockfile_is_ours(atomic_load(&lockfile_states[index])) ||
		    !lockfile_has_mark(lockfile_entries[index].path,
				       lockfile_entries[index].mark))
			continue;
		lockfile_take_mark(lockfile_entries[index].path);
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
		    statx(AT_FDCWD, lockfile_entries[index].path,
			  AT_SYMLINK_NOFOLLOW, LOCKFILE_IDENTITY, &now) == 0 &&
		    lockfile_identity(&now) == lockfile_entries[index].identity)
			lockfile_put_mark(lockfile_entries[index].path,
					  lockfile_entries[index].mark);
}
