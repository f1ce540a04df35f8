/* SPDX-License-Identifier: MIT */
/* lockfile_link.c - to make a lock file by giving a file of ours its name.
 *
 * Dot locks are made like this: a file by another name, and then link() or a
 * rename that replaces nothing.  The mark is the inode's, so the file gets it
 * before it becomes the lock, and its other name may go.  What goes wrong here
 * goes on without a mark, and then nobody takes the lock from anybody.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/lockfile.h"

/* The file that the call gives a name.  A descriptor with O_PATH may be closed
 * without an end to the program's own fcntl() locks; by /proc its attributes
 * can be reached. */
struct source {
	int fd;
	char path[32];
	char old[LOCKFILE_MARK_MAX]; /* its mark before: "" if it had none */
};

static void name_fd(char path[32], int fd)
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

static bool open_source(const struct lockfile_call *call, struct source *source)
{
	int flags = O_PATH | O_CLOEXEC;
	const char *path = call->target;
	int directory = call->target_directory;

	if (!path)
		return false;
	if (*path == '\0' && call->flags & AT_EMPTY_PATH) {
		name_fd(source->path, directory);
		path = source->path;
		directory = AT_FDCWD;
	} else if (!(call->flags & AT_SYMLINK_FOLLOW)) {
		flags |= O_NOFOLLOW;
	}
	source->fd = REAL(openat)(directory, path, flags);
	if (source->fd < 0)
		return false;
	name_fd(source->path, source->fd);
	return true;
}

/* Whether the file is this user's, and has no name that may be a lock. */
static bool is_fresh(const struct source *source)
{
	struct stat64 now;

	return fstat64(source->fd, &now) == 0 && now.st_uid == geteuid() &&
	       (S_ISDIR(now.st_mode) ||
		(S_ISREG(now.st_mode) && now.st_nlink <= 1));
}

/*
 * A mark that the file has already is ours if a rule matches its first name,
 * too: the new name's takes its place.  Another one would count for the new
 * name as well, where it is a lie, so it goes.
 */
static bool take_old_mark(struct source *source)
{
	ssize_t length =
		lockfile_attribute_get(source->path, LOCKFILE_FOLLOW,
				       source->old, LOCKFILE_MARK_MAX - 1);

	source->old[length > 0 ? length : 0] = '\0';
	if (length <= 0 || lockfile_is_our_mark(source->old))
		return true;
	lockfile_attribute_remove(source->path, LOCKFILE_FOLLOW);
	return false;
}

static bool mark_source(const struct source *source,
			struct lockfile_entry *entry)
{
	struct statx about;

	if (statx(source->fd, "", AT_EMPTY_PATH, LOCKFILE_IDENTITY, &about) <
		    0 ||
	    lockfile_attribute_set(source->path, LOCKFILE_FOLLOW, entry->mark,
				   0) < 0)
		return false;
	entry->identity = lockfile_identity(&about);
	entry->marked = true;
	return true;
}

/* It did not become the lock. */
static void unmark_source(const struct source *source,
			  struct lockfile_entry *entry)
{
	if (source->old[0])
		lockfile_attribute_set(source->path, LOCKFILE_FOLLOW,
				       source->old, 0);
	else
		lockfile_attribute_remove(source->path, LOCKFILE_FOLLOW);
	entry->marked = false;
}

static int make_marked(struct lockfile_call *call, struct source *source,
		       struct lockfile_entry *entry)
{
	int result, error;

	call->marked = is_fresh(source) && take_old_mark(source) &&
		       lockfile_take_token(entry) && mark_source(source, entry);
	result = call->make(call);
	error = errno;
	if (result < 0 && call->marked)
		unmark_source(source, entry);
	call->marked = false;
	errno = error;
	return result;
}

int lockfile_make_name(struct lockfile_call *call, struct lockfile_entry *entry)
{
	struct source source;
	struct stat64 there;
	int result, error;

	if (!open_source(call, &source))
		return call->make(call);
	if (lstat64(entry->path, &there) == 0) {
		result = -1;
		errno = EEXIST;
	} else {
		result = make_marked(call, &source, entry);
	}
	error = errno;
	REAL(close)(source.fd);
	errno = error;
	return result;
}
