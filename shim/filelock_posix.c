/* SPDX-License-Identifier: MIT */
/* filelock_posix.c - the holds of locks that belong to the process and a file.
 *
 * Of each file the descriptors are noted by which it was locked: the locks that
 * the kernel tells of all of them are the process's locks on the file.
 * No mutex: an unlock may come from a signal handler.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/filelock.h"

#define FILES 128
#define WAYS 8

enum { FREE, MAKING, USED };

/* Two threads that lock a file for the first time may make two of these; they
 * end together. */
struct owned {
	atomic_int state;
	struct filelock_file file;
	unsigned counted; /* locks that the hold is for: SEEN_... */
	_Atomic(struct shim_hold *) hold;
	atomic_int ways[WAYS]; /* descriptors and 1; 0: none */
	atomic_bool more;      /* ways than these: who knows what it has */
};

static struct owned table[FILES];
static atomic_int count; /* of files with a hold */

static bool is_of(struct owned *owned, const struct filelock_file *file)
{
	return atomic_load(&owned->state) == USED &&
	       owned->file.inode == file->inode &&
	       owned->file.device == file->device;
}

static struct owned *find(const struct filelock_file *file)
{
	for (struct owned *owned = table; owned < table + FILES; owned++)
		if (is_of(owned, file))
			return owned;
	return NULL;
}

static bool identify(int fd, struct filelock_file *file)
{
	struct stat64 about;
	int error = errno;
	bool known = fstat64(fd, &about) == 0;

	errno = error;
	if (known) {
		file->device = about.st_dev;
		file->inode = about.st_ino;
	}
	return known;
}

bool filelock_file(int fd, struct filelock_file *file)
{
	return atomic_load_explicit(&count, memory_order_relaxed) > 0 &&
	       shim_same_process() && identify(fd, file) && find(file);
}

bool filelock_owns(void)
{
	return atomic_load(&count) > 0;
}

/* ---- to get more ------------------------------------------------------------------ */

static void note_way(struct owned *owned, int fd)
{
	for (int i = 0; i < WAYS; i++) {
		int way = 0;

		if (atomic_compare_exchange_strong(&owned->ways[i], &way,
						   fd + 1) ||
		    way == fd + 1)
			return;
	}
	atomic_store(&owned->more, true);
}

bool filelock_join(int fd)
{
	struct filelock_file file;
	struct owned *owned = filelock_file(fd, &file) ? find(&file) : NULL;

	if (owned)
		note_way(owned, fd);
	return owned != NULL;
}

static bool make(const struct filelock_file *file, int fd, unsigned counted,
		 struct shim_hold *hold)
{
	for (struct owned *owned = table; owned < table + FILES; owned++) {
		int state = FREE;

		if (!atomic_compare_exchange_strong(&owned->state, &state,
						    MAKING))
			continue;
		owned->file = *file;
		owned->counted = counted;
		for (int i = 0; i < WAYS; i++)
			atomic_store(&owned->ways[i], 0);
		atomic_store(&owned->more, false);
		note_way(owned, fd);
		atomic_store(&owned->hold, hold);
		atomic_fetch_add(&count, 1);
		atomic_store(&owned->state, USED);
		return true;
	}
	return false;
}

void filelock_own(int fd, unsigned counted, struct shim_hold *hold)
{
	struct filelock_file file;

	/* Another thread may have been faster. */
	if (filelock_join(fd) || !identify(fd, &file) ||
	    !make(&file, fd, counted, hold))
		hold_drop(hold);
}

/* ---- to have less ------------------------------------------------------------------ */

static void end(struct owned *owned)
{
	struct shim_hold *hold = atomic_exchange(&owned->hold, NULL);

	if (!hold)
		return;
	atomic_store(&owned->state, FREE);
	atomic_fetch_sub(&count, 1);
	hold_drop(hold);
}

/* Whether the process has a lock on the file for which the hold is. */
static bool has_lock(struct owned *owned)
{
	unsigned seen = atomic_load(&owned->more) ? SEEN_UNKNOWN : 0;

	for (int i = 0; i < WAYS && !(seen & owned->counted); i++) {
		int way = atomic_load(&owned->ways[i]);

		if (way > 0)
			seen |= filelock_seen(way - 1, SEEN_POSIX);
	}
	return seen & (owned->counted | SEEN_UNKNOWN);
}

void filelock_less(int fd, bool nothing)
{
	struct filelock_file file;

	if (!filelock_file(fd, &file))
		return;
	for (struct owned *owned = table; owned < table + FILES; owned++)
		if (is_of(owned, &file) && (nothing || !has_lock(owned)))
			end(owned);
}

void filelock_closed(const struct filelock_file *file)
{
	for (struct owned *owned = table; owned < table + FILES; owned++)
		if (is_of(owned, file))
			end(owned);
}

void filelock_sweep(void)
{
	if (atomic_load_explicit(&count, memory_order_relaxed) == 0 ||
	    !shim_same_process())
		return;
	for (struct owned *owned = table; owned < table + FILES; owned++)
		if (atomic_load(&owned->state) == USED && !has_lock(owned))
			end(owned);
}

/* Such locks are the parent's. */
static void after_fork_in_child(void)
{
	for (struct owned *owned = table; owned < table + FILES; owned++) {
		atomic_store(&owned->state, FREE);
		atomic_store(&owned->hold, NULL);
	}
	atomic_store(&count, 0);
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, after_fork_in_child);
}
