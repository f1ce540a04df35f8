/* SPDX-License-Identifier: MIT */
/* hook_open.c - open and its kin: makers of lock files, and first looks.
 *
 * A call with O_CREAT and O_EXCL may be the taking of a lock; any other one may
 * be the opening of what a lock protects.  Either may have to wait for a
 * portlock before all that, which is then the descriptor's.
 */
#undef _FORTIFY_SOURCE /* its open() is a function of its own */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

#include "shim/open.h"

/* What programs call that were compiled with _FORTIFY_SOURCE or inside libc's
 * own name space. */
int __open(const char *path, int flags, ...);
int __open64(const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int directory, const char *path, int flags);
int __openat64_2(int directory, const char *path, int flags);

static int make_open(struct lockfile_call *call)
{
	return REAL(open)(call->path, call->flags, call->mode);
}

static int make_open64(struct lockfile_call *call)
{
	return REAL(open64)(call->path, call->flags, call->mode);
}

static int make_openat(struct lockfile_call *call)
{
	return REAL(openat)(call->directory, call->path, call->flags,
			    call->mode);
}

static int make_openat64(struct lockfile_call *call)
{
	return REAL(openat64)(call->directory, call->path, call->flags,
			      call->mode);
}

static int make_creat(struct lockfile_call *call)
{
	return REAL(creat)(call->path, call->mode);
}

static int make_creat64(struct lockfile_call *call)
{
	return REAL(creat64)(call->path, call->mode);
}

/* These never make a file: libc aborts a call with O_CREAT. */

static int make_open_2(struct lockfile_call *call)
{
	return REAL(__open_2)(call->path, call->flags);
}

static int make_open64_2(struct lockfile_call *call)
{
	return REAL(__open64_2)(call->path, call->flags);
}

static int make_openat_2(struct lockfile_call *call)
{
	return REAL(__openat_2)(call->directory, call->path, call->flags);
}

static int make_openat64_2(struct lockfile_call *call)
{
	return REAL(__openat64_2)(call->directory, call->path, call->flags);
}

/* Takes note of a file that was opened, or that is not there; returns fd. */
static int saw(int directory, const char *path, int flags, int fd)
{
	if (path && !(flags & (O_PATH | O_DIRECTORY)) &&
	    (fd >= 0 || errno == ENOENT) &&
	    shim_family_has_rules(SHIM_LOCKFILE))
		lockfile_saw(directory, path, fd);
	return fd;
}

static int open_one(struct lockfile_call *call)
{
	const int excludes = O_CREAT | O_EXCL;

	/* freopen closes the stream even if it fails: it cannot be tried again,
	 * so it does not wait for a lock file. */
	if ((call->flags & excludes) == excludes && call->path &&
	    !call->reopens && shim_family_has_rules(SHIM_LOCKFILE))
		return lockfile_obtain(call);
	return saw(call->directory, call->path, call->flags, call->make(call));
}

int open_any(struct lockfile_call *call)
{
	int fd;

	call->opens = true;
	if (call->path && shim_family_has_rules(SHIM_OPEN) &&
	    open_fits(call->path, call->flags))
		fd = open_and_hold(call, open_one);
	else
		fd = open_one(call);
	return open_made(fd);
}

/* The mode, if there is one among the arguments after flags. */
#define TAKE_MODE(mode, flags)                                                 \
	do {                                                                   \
		if ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE) {     \
			va_list arguments;                                     \
			va_start(arguments, flags);                            \
			(mode) = va_arg(arguments, mode_t);                    \
			va_end(arguments);                                     \
		}                                                              \
	} while (0)

SHIM_HOOK int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(mode, flags);
	if (!open_has_rules())
		return open_made(REAL(open)(path, flags, mode));
	return open_any(&(struct lockfile_call){ .make = make_open,
						 .directory = AT_FDCWD,
						 .path = path,
						 .flags = flags,
						 .mode = mode });
}

SHIM_HOOK int __open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(mode, flags);
	return open(path, flags, mode);
}

SHIM_HOOK int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(mode, flags);
	if (!open_has_rules())
		return open_made(REAL(open64)(path, flags, mode));
	return open_any(&(struct lockfile_call){ .make = make_open64,
						 .directory = AT_FDCWD,
						 .path = path,
						 .flags = flags,
						 .mode = mode });
}

SHIM_HOOK int __open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(mode, flags);
	return open64(path, flags, mode);
}

SHIM_HOOK int openat(int directory, const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(mode, flags);
	if (!open_has_rules())
		return open_made(REAL(openat)(directory, path, flags, mode));
	return open_any(&(struct lockfile_call){ .make = make_openat,
						 .directory = directory,
						 .path = path,
						 .flags = flags,
						 .mode = mode });
}

SHIM_HOOK int openat64(int directory, const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(mode, flags);
	if (!open_has_rules())
		return open_made(REAL(openat64)(directory, path, flags, mode));
	return open_any(&(struct lockfile_call){ .make = make_openat64,
						 .directory = directory,
						 .path = path,
						 .flags = flags,
						 .mode = mode });
}

SHIM_HOOK int __open_2(const char *path, int flags)
{
	if (!open_has_rules())
		return open_made(REAL(__open_2)(path, flags));
	return open_any(&(struct lockfile_call){ .make = make_open_2,
						 .directory = AT_FDCWD,
						 .path = path,
						 .flags = flags });
}

SHIM_HOOK int __open64_2(const char *path, int flags)
{
	if (!open_has_rules())
		return open_made(REAL(__open64_2)(path, flags));
	return open_any(&(struct lockfile_call){ .make = make_open64_2,
						 .directory = AT_FDCWD,
						 .path = path,
						 .flags = flags });
}

SHIM_HOOK int __openat_2(int directory, const char *path, int flags)
{
	if (!open_has_rules())
		return open_made(REAL(__openat_2)(directory, path, flags));
	return open_any(&(struct lockfile_call){ .make = make_openat_2,
						 .directory = directory,
						 .path = path,
						 .flags = flags });
}

SHIM_HOOK int __openat64_2(int directory, const char *path, int flags)
{
	if (!open_has_rules())
		return open_made(REAL(__openat64_2)(directory, path, flags));
	return open_any(&(struct lockfile_call){ .make = make_openat64_2,
						 .directory = directory,
						 .path = path,
						 .flags = flags });
}

SHIM_HOOK int creat(const char *path, mode_t mode)
{
	int flags = O_WRONLY | O_CREAT | O_TRUNC;

	if (!open_has_rules())
		return open_made(REAL(creat)(path, mode));
	return open_any(&(struct lockfile_call){ .make = make_creat,
						 .directory = AT_FDCWD,
						 .path = path,
						 .flags = flags,
						 .mode = mode });
}

SHIM_HOOK int creat64(const char *path, mode_t mode)
{
	int flags = O_WRONLY | O_CREAT | O_TRUNC;

	if (!open_has_rules())
		return open_made(REAL(creat64)(path, mode));
	return open_any(&(struct lockfile_call){ .make = make_creat64,
						 .directory = AT_FDCWD,
						 .path = path,
						 .flags = flags,
						 .mode = mode });
}
