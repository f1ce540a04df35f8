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
#include <unistd.h>

#include "shim/lockfile_table.h"
#include "shim/recent.h"

/* Passes on the result of a removal. */
static int removed(const struct lockfile_end *end, int result)
{
	lockfile_end_finish(end, result);
	/* What it would have found without us. */
	if (end->late)
		errno = ENOENT;
	return result;
}

/* The same, if what went may have been a symbolic link. */
static int unlinked(const struct lockfile_end *end, int result)
{
	recent_removed();
	return removed(end, result);
}

/* As long as this process has made no lock file. */
static bool has_none(void)
{
	return atomic_load_explicit(&lockfile_used, memory_order_relaxed) == 0;
}

SHIM_HOOK int unlink(const char *path)
{
	struct lockfile_end end;

	if (has_none()) {
		recent_removed();
		return REAL(unlink)(path);
	}
	lockfile_end_begin(&end, AT_FDCWD, path);
	return unlinked(&end, end.late ? -1 : REAL(unlink)(path));
}

SHIM_HOOK int unlinkat(int directory, const char *path, int flags)
{
	struct lockfile_end end;

	lockfile_end_begin(&end, directory, path);
	return unlinked(&end,
			end.late ? -1 : REAL(unlinkat)(directory, path, flags));
}

SHIM_HOOK int rmdir(const char *path)
{
	struct lockfile_end end;

	if (has_none())
		return REAL(rmdir)(path);
	lockfile_end_begin(&end, AT_FDCWD, path);
	return removed(&end, end.late ? -1 : REAL(rmdir)(path));
}

SHIM_HOOK int remove(const char *path)
{
	struct lockfile_end end;

	lockfile_end_begin(&end, AT_FDCWD, path);
	return unlinked(&end, end.late ? -1 : REAL(remove)(path));
}

/* Before a renaming: whether a mark has to be taken off after it. */
static bool begin(struct lockfile_end *end, int directory, const char *path)
{
	int error = errno;
	bool marked;

	lockfile_end_begin(end, directory, path);
	if (end->index >= 0)
		return true;
	marked = path && shim_family_has_rules(SHIM_LOCKFILE) &&
		 lockfile_fits(path) && lockfile_is_marked_at(directory, path);
	errno = error;
	return marked;
}

/* A marked file was renamed, or not: passes on the result. */
static int renamed(const struct lockfile_end *end, int directory,
		   const char *path, int result)
{
	int error = errno;

	/* It is no lock any more. */
	if (result == 0)
		lockfile_take_mark_at(directory, path);
	lockfile_end_finish(end, result);
	errno = error;
	return result;
}

SHIM_HOOK int rename(const char *from, const char *to)
{
	struct lockfile_end end;
	bool marked = begin(&end, AT_FDCWD, from);
	int result = REAL(rename)(from, to);

	recent_forget();
	return marked ? renamed(&end, AT_FDCWD, to, result) : result;
}

SHIM_HOOK int renameat(int from_directory, const char *from, int to_directory,
		       const char *to)
{
	struct lockfile_end end;
	bool marked = begin(&end, from_directory, from);
	int result = REAL(renameat)(from_directory, from, to_directory, to);

	recent_forget();
	return marked ? renamed(&end, to_directory, to, result) : result;
}

static int make_renameat2(struct lockfile_call *call)
{
	struct lockfile_end end;
	bool marked = !(call->flags & RENAME_EXCHANGE) &&
		      begin(&end, call->target_directory, call->target);
	int result = REAL(renameat2)(call->target_directory, call->target,
				     call->directory, call->path,
				     (unsigned)call->flags);

	recent_forget();
	if (!marked)
		return result;
	/* The mark is that of the lock that it became. */
	if (call->marked) {
		lockfile_end_finish(&end, result);
		return result;
	}
	return renamed(&end, call->directory, call->path, result);
}

SHIM_HOOK int renameat2(int from_directory, const char *from, int to_directory,
			const char *to, unsigned flags)
{
	struct lockfile_call call = { .make = make_renameat2,
				      .directory = to_directory,
				      .path = to,
				      .flags = (int)flags,
				      .target_directory = from_directory,
				      .target = from,
				      .names = true };

	if (flags & RENAME_NOREPLACE && to &&
	    shim_family_has_rules(SHIM_LOCKFILE))
		return lockfile_obtain(&call);
	return make_renameat2(&call);
}
