/* SPDX-License-Identifier: MIT */
/* lockfile_mark.c - the marks on lock files, and the tokens that they name.
 *
 * A mark reads "PID-TIME-PLACE": its maker, the time, which together make the
 * key of the token, and where that key can be asked for.  A key that is free
 * in one network may be held in another one, or on another host that shares
 * the file system: such a mark says nothing.  It is short, so that it has room
 * in the inode (of 256 bytes); a block of its own would cost three times more.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "shim/lockfile.h"

#define TOKEN_FORMAT "lockfile-token:%d-%" PRIx64
#define TOKEN_MAX 64
#define MARK_FORMAT "%d-%" PRIx64 "-%" PRIx64
#define TRIES 16

static int open_token(struct lockfile_entry *entry, int pid, uint64_t time)
{
	static const struct shim_rule rule = {
		.family = SHIM_LOCKFILE,
		.key = "%n",
		.timeout_ms = 0,
		.transport = "unix",
	};
	char token[TOKEN_MAX];
	int error;

	snprintf(token, sizeof(token), TOKEN_FORMAT, pid, time);
	if (entry->has_token)
		pl_lock_fini(&entry->token);
	error = shim_lock_init(&entry->token, &rule, token);
	entry->has_token = error == 0;
	return error;
}

bool lockfile_take_token(struct lockfile_entry *entry)
{
	uint64_t place;

	if (!lockfile_place(&place))
		return false;
	for (int i = 0; i < TRIES; i++) {
		uint64_t time = (uint64_t)pl_now(CLOCK_BOOTTIME);

		if (open_token(entry, (int)getpid(), time) < 0)
			return false;
		if (portlock_try_lock(&entry->token) == 0) {
			snprintf(entry->mark, sizeof(entry->mark), MARK_FORMAT,
				 (int)getpid(), time, place);
			return true;
		}
	}
	return false;
}

bool lockfile_mark(struct lockfile_entry *entry, const char *name, int fd)
{
	struct statx made;

	if ((fd >= 0 ? statx(fd, "", AT_EMPTY_PATH, LOCKFILE_IDENTITY, &made)
		     : statx(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW,
			     LOCKFILE_IDENTITY, &made)) < 0 ||
	    (fd >= 0 ? lockfile_attribute_set_fd(fd, entry->mark)
		     : lockfile_attribute_set(name, LOCKFILE_NO_FOLLOW,
					      entry->mark, 0)) < 0)
		return false;
	entry->identity = lockfile_identity(&made);
	entry->marked = true;
	return true;
}

static bool read_mark(const char *path, char mark[LOCKFILE_MARK_MAX])
{
	ssize_t length = lockfile_attribute_get(path, LOCKFILE_NO_FOLLOW, mark,
						LOCKFILE_MARK_MAX - 1);

	mark[length > 0 ? length : 0] = '\0';
	return length > 0;
}

bool lockfile_has_mark(const char *path, const char *mark)
{
	char found[LOCKFILE_MARK_MAX];

	return read_mark(path, found) && strcmp(found, mark) == 0;
}

bool lockfile_lost_mark(const char *path, const char *mark)
{
	char found[LOCKFILE_MARK_MAX];

	return read_mark(path, found) ? strcmp(found, mark) != 0
				      : errno == ENOENT || errno == ENODATA;
}

void lockfile_put_mark(const char *path, const char *mark)
{
	lockfile_attribute_set(path, LOCKFILE_NO_FOLLOW, mark, XATTR_CREATE);
}

void lockfile_take_mark(const char *path)
{
	lockfile_attribute_remove(path, LOCKFILE_NO_FOLLOW);
}

/* There is no lgetxattrat(): the way through /proc. */
static bool path_at(int directory, const char *path, char real[PATH_MAX])
{
	size_t length;

	if (!path_of_fd(directory, real))
		return false;
	length = strlen(real);
	if (length + 1 + strlen(path) >= PATH_MAX)
		return false;
	real[length] = '/';
	strcpy(real + length + 1, path);
	return true;
}

static bool has_any(const char *path)
{
	return lockfile_attribute_get(path, LOCKFILE_NO_FOLLOW, NULL, 0) > 0;
}

bool lockfile_is_marked_at(int directory, const char *path)
{
	char real[PATH_MAX];

	if (directory == AT_FDCWD || *path == '/')
		return has_any(path);
	return path_at(directory, path, real) && has_any(real);
}

void lockfile_take_mark_at(int directory, const char *path)
{
	char real[PATH_MAX];

	if (directory == AT_FDCWD || *path == '/')
		lockfile_take_mark(path);
	else if (path_at(directory, path, real))
		lockfile_take_mark(real);
}

/*
 * With the token of entry->mark held, which nobody else can have now: so what
 * has that mark is what a dead process left.  False: it cannot be removed, as
 * a directory with something in it.
 */
static bool clear(struct lockfile_entry *entry)
{
	bool gone = !lockfile_has_mark(entry->path, entry->mark);
	struct stat64 now;

	/* Its other name may be made a lock again, of a live process. */
	if (!gone && lstat64(entry->path, &now) == 0 && !S_ISDIR(now.st_mode) &&
	    now.st_nlink > 1)
		lockfile_take_mark(entry->path);
	if (!gone && REAL(remove)(entry->path) == 0) {
		shim_log(SHIM_LOCKFILE, entry->path,
			 "removed, as the process that left it is dead");
		gone = true;
	}
	portlock_release(&entry->token);
	return gone;
}

enum lockfile_maker lockfile_look(struct lockfile_entry *entry)
{
	uint64_t time, there, here;
	int pid;

	if (!read_mark(entry->path, entry->mark) ||
	    sscanf(entry->mark, "%d-%" SCNx64 "-%" SCNx64, &pid, &time,
		   &there) != 3 ||
	    !lockfile_place(&here) || here != there ||
	    open_token(entry, pid, time) < 0)
		return LOCKFILE_UNKNOWN;
	switch (portlock_try_lock(&entry->token)) {
	case 0:
		return clear(entry) ? LOCKFILE_DEAD : LOCKFILE_UNKNOWN;
	case -EDEADLK:
		return LOCKFILE_OURS;
	case -EBUSY:
		return shim_child_of(pid) > 0 ? LOCKFILE_OURS : LOCKFILE_ALIVE;
	default:
		return LOCKFILE_UNKNOWN;
	}
}

int lockfile_outlive(struct lockfile_entry *entry, const struct pl_wait *how)
{
	int error = pl_acquire(&entry->token, how);

	if (error == 0 && !clear(entry))
		error = -ENOTEMPTY;
	return error;
}
