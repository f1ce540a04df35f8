/* SPDX-License-Identifier: MIT */
/* lockfile_seen.c - the files that this process opened, and what they were.
 *
 * A program that reads X, then waits for X.lock, then writes X anew would undo
 * what was written while it waited: it has to fail as it would without us.  So
 * it counts what X was when it was opened first, before the lock was asked for.
 * A table without locks, because open() may be called by signal handlers.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/fd_rule.h"
#include "shim/lockfile.h"
#include "shim/recent.h"

#define SLOTS 4096
#define PROBES 64
#define NO_RULE_SLOTS 256

enum { NONE, WRITING, KNOWN };

/* Slots are taken in order of probing and their identity never changes. */
struct lockfile_seen {
	_Atomic uint64_t identity; /* hash of the path, 0: free */
	atomic_int phase;
	/* Inode, size and modification time; all 0: it was not there. */
	_Atomic uint64_t inode, size, modified;
};

static struct lockfile_seen table[SLOTS];

/* What is said of a file for which there was no room: it was opened, perhaps,
 * and we do not know what it was then. */
static struct lockfile_seen unknown;

/* Directories, by hash, in which no rule matches anything. */
static _Atomic uint64_t without_rule[NO_RULE_SLOTS];

/* The slot of an identity, taken now if make says so; NULL: none; &unknown:
 * the table is full there. */
static struct lockfile_seen *find(const char *real, bool make)
{
	uint64_t identity = shim_hash(real, strlen(real));

	for (unsigned probe = 0; probe < PROBES; probe++) {
		struct lockfile_seen *seen = &table[(identity + probe) % SLOTS];
		uint64_t found = atomic_load(&seen->identity);

		if (found == 0 && !make)
			return NULL;
		if (found == 0 && atomic_compare_exchange_strong(
					  &seen->identity, &found, identity))
			return seen;
		if (found == identity)
			return seen;
	}
	return &unknown;
}

static uint64_t modified(const struct stat64 *now)
{
	return (uint64_t)now->st_mtim.tv_sec * 1000000000 +
	       (uint64_t)now->st_mtim.tv_nsec;
}

static void store(struct lockfile_seen *seen, const struct stat64 *now)
{
	atomic_store(&seen->inode, now->st_ino);
	atomic_store(&seen->size, (uint64_t)now->st_size);
	atomic_store(&seen->modified, modified(now));
	atomic_store(&seen->phase, KNOWN);
}

static bool is_same(const struct lockfile_seen *seen, const struct stat64 *now)
{
	return atomic_load(&seen->phase) == KNOWN &&
	       atomic_load(&seen->inode) == now->st_ino &&
	       atomic_load(&seen->size) == (uint64_t)now->st_size &&
	       atomic_load(&seen->modified) == modified(now);
}

/* Adds the suffix for as long as a rule is looked for. */
static bool has_rule(char real[PATH_MAX])
{
	size_t length = strlen(real);
	bool found;

	if (length + strlen(LOCKFILE_SUFFIX) >= PATH_MAX)
		return false;
	strcpy(real + length, LOCKFILE_SUFFIX);
	found = shim_rule_find(SHIM_LOCKFILE, real) != NULL;
	real[length] = '\0';
	return found;
}

static void remember(char real[PATH_MAX], const struct stat64 *now)
{
	struct lockfile_seen *seen;
	int none = NONE;

	if (!has_rule(real))
		return;
	seen = find(real, true);
	/* The first time counts. */
	if (seen != &unknown &&
	    atomic_compare_exchange_strong(&seen->phase, &none, WRITING))
		store(seen, now);
}

/* Where the path's directory is remembered, and by which number. */
static _Atomic uint64_t *directory_of(int directory, const char *path,
				      char parent[PATH_MAX], uint64_t *number)
{
	size_t length = (size_t)(path_base(path) - path);
	struct statx about;

	if (length >= PATH_MAX)
		return NULL;
	memcpy(parent, path, length);
	strcpy(parent + length, length > 0 ? "" : ".");
	if (statx(directory, parent, 0, LOCKFILE_IDENTITY, &about) < 0)
		return NULL;
	*number = lockfile_identity(&about);
	return &without_rule[*number % NO_RULE_SLOTS];
}

/* No rule matches beside the file, if that is where the slot's directory is:
 * a symbolic link may have led from there to here. */
static void note_no_rule(const char *real, _Atomic uint64_t *slot,
			 uint64_t number)
{
	char parent[PATH_MAX];
	uint64_t found;

	if (directory_of(AT_FDCWD, real, parent, &found) && found == number)
		atomic_store(slot, number);
}

static void saw_file(int fd, char real[PATH_MAX])
{
	struct fd_look look;

	if (fd_look(SHIM_LOCKFILE, fd, 0, &look) && fd_path(fd, &look, real))
		remember(real, &look.about);
}

/* fd -1: there is no file.  False: there is no rule for its directory. */
static bool saw(int directory, const char *path, int fd)
{
	static const struct stat64 absent;
	char real[PATH_MAX];
	uint64_t number = 0;
	_Atomic uint64_t *slot = directory_of(directory, path, real, &number);
	size_t base;

	if (slot && atomic_load(slot) == number)
		return false;
	if (fd >= 0 ? !path_of_fd(fd, real)
		    : !path_resolve(directory, path, real, &base))
		return true;
	if (!lockfile_fits_directory(real)) {
		if (slot)
			note_no_rule(real, slot, number);
	} else if (fd >= 0) {
		saw_file(fd, real);
	} else {
		remember(real, &absent);
	}
	return true;
}

void lockfile_saw(int directory, const char *path, int fd)
{
	uint64_t moment;
	int error = errno;

	if (!lockfile_fits_protected(path))
		return;
	moment = recent_path(RECENT_PROTECTED, directory, path,
			     (size_t)(path_base(path) - path));
	if (recent_has(moment) || !shim_enter())
		return;
	if (!saw(directory, path, fd))
		recent_note(moment);
	shim_leave();
	errno = error;
}

/* The slot of what a lock protects, the file at the end of symbolic links. */
static struct lockfile_seen *of_protected(const char *path, char real[PATH_MAX])
{
	struct lockfile_seen *seen;
	int fd;

	if (!lockfile_protected(path, real))
		return NULL;
	seen = find(real, false);
	if (seen)
		return seen;
	fd = REAL(open)(real, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (path_of_fd(fd, real))
		seen = find(real, false);
	REAL(close)(fd);
	return seen;
}

struct lockfile_seen *lockfile_seen_find(const char *path)
{
	char real[PATH_MAX];
	struct lockfile_seen *seen = of_protected(path, real);

	if (!seen || seen == &unknown)
		return seen;
	return atomic_load(&seen->phase) == NONE ? NULL : seen;
}

bool lockfile_seen_recheck(struct lockfile_seen *seen, const char *path)
{
	char real[PATH_MAX];
	struct stat64 now = { 0 };

	/* We cannot tell: as without us. */
	if (seen == &unknown || !lockfile_protected(path, real))
		return true;
	if (stat64(real, &now) < 0)
		now = (struct stat64){ 0 };
	if (is_same(seen, &now))
		return true;
	atomic_store(&seen->phase, NONE);
	return false;
}

void lockfile_seen_written(const char *path)
{
	char real[PATH_MAX];
	struct lockfile_seen *seen = of_protected(path, real);
	struct stat64 now;

	if (seen && seen != &unknown && atomic_load(&seen->phase) == KNOWN &&
	    stat64(real, &now) == 0)
		store(seen, &now);
}

void lockfile_seen_replaced(const char *path, uint64_t identity)
{
	char real[PATH_MAX];
	struct lockfile_seen *seen;
	struct statx about;
	struct stat64 now;

	if (!lockfile_protected(path, real))
		return;
	seen = find(real, false);
	if (seen && seen != &unknown && atomic_load(&seen->phase) == KNOWN &&
	    statx(AT_FDCWD, real, AT_SYMLINK_NOFOLLOW, LOCKFILE_IDENTITY,
		  &about) == 0 &&
	    lockfile_identity(&about) == identity && lstat64(real, &now) == 0)
		store(seen, &now);
}
