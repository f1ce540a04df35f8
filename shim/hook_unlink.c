/* SPDX-License-Identifier: MIT */
/* hook_unlink.c - unlink, rmdir and rename: lock files go away.
 *
 * Programs do this in signal handlers: no locks here, and no allocation.  What
 * is done after the real call has succeeded can only wake who waits.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/lockfile.h"

/* Passes on the result of a removal. */
static int removed(const char *path, int result)
{
	int error = errno;

	if (result == 0)
		lockfile_removed(path, 0);
	errno = error;
	return result;
}

SHIM_HOOK int unlink(const char *path)
{
	return removed(path, REAL(unlink)(path));
}

SHIM_HOOK int unlinkat(int directory, const char *path, int flags)
{
	return removed(path, REAL(unlinkat)(directory, path, flags));
}

SHIM_HOOK int rmdir(const char *path)
{
	return removed(path, REAL(rmdir)(path));
}

SHIM_HOOK int remove(const char *path)
{
	return removed(path, REAL(remove)(path));
}

/* Whether a mark has to be taken off after a rename. */
static bool is_marked(int directory, const char *path)
{
	int error = errno;
	bool marked;

	if (!path || !shim_family_has_rules(SHIM_LOCKFILE))
		return false;
	marked = lockfile_is_marked_at(directory, path);
	errno = error;
	return marked;
}

/* A marked file was renamed, or not: passes on the result. */
static int renamed(const char *from, int to_directory, const char *to,
		   int result)
{
	int error = errno;
	struct stat now;

	if (result != 0)
		return result;
	/* It is no lock any more. */
	lockfile_take_mark_at(to_directory, to);
	if (fstatat(to_directory, to, &now, AT_SYMLINK_NOFOLLOW) < 0)
		now.st_ino = 0;
	lockfile_removed(from, now.st_ino);
	errno = error;
	return result;
}

SHIM_HOOK int rename(const char *from, const char *to)
{
	bool marked = is_marked(AT_FDCWD, from);
	int result = REAL(rename)(from, to);

	return marked ? renamed(from, AT_FDCWD, to, result) : result;
}

SHIM_HOOK int renameat(int from_directory, const char *from, int to_directory,
		       const char *to)
{
	bool marked = is_marked(from_directory, from);
	int result = REAL(renameat)(from_directory, from, to_directory, to);

	return marked ? renamed(from, to_directory, to, result) : result;
}

SHIM_HOOK int renameat2(int from_directory, const char *from, int to_directory,
			const char *to, unsigned flags)
{
	bool marked =
		!(flags & RENAME_EXCHANGE) && is_marked(from_directory, from);
	int result =
		REAL(renameat2)(from_directory, from, to_directory, to, flags);

	return marked ? renamed(from, to_directory, to, result) : result;
}
