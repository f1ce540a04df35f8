/* SPDX-License-Identifier: MIT */
/* hook_open.c - open and its kin: makers of lock files, and first looks.
 *
 * A call with O_CREAT and O_EXCL may be the taking of a lock; any other one may
 * be the opening of what a lock protects.
 */
#undef _FORTIFY_SOURCE /* its open() is a function of its own */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shim/lockfile.h"

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

static int make_fopen(struct lockfile_call *call)
{
	call->stream = REAL(fopen)(call->path, call->mode_text);
	return call->stream ? fileno(call->stream) : -1;
}

static int make_fopen64(struct lockfile_call *call)
{
	call->stream = REAL(fopen64)(call->path, call->mode_text);
	return call->stream ? fileno(call->stream) : -1;
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

static int open_any(struct lockfile_call *call)
{
	const int excludes = O_CREAT | O_EXCL;

	call->opens = true;
	if ((call->flags & excludes) == excludes && call->path &&
	    shim_family_has_rules(SHIM_LOCKFILE))
		return lockfile_create(call);
	return saw(call->directory, call->path, call->flags, call->make(call));
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
	struct lockfile_call call = { .make = make_open,
				      .directory = AT_FDCWD,
				      .path = path,
				      .flags = flags };

	TAKE_MODE(call.mode, flags);
	return open_any(&call);
}

SHIM_HOOK int __open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(mode, flags);
	return open(path, flags, mode);
}

SHIM_HOOK int open64(const char *path, int flags, ...)
{
	struct lockfile_call call = { .make = make_open64,
				      .directory = AT_FDCWD,
				      .path = path,
				      .flags = flags };

	TAKE_MODE(call.mode, flags);
	return open_any(&call);
}

SHIM_HOOK int __open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(mode, flags);
	return open64(path, flags, mode);
}

SHIM_HOOK int openat(int directory, const char *path, int flags, ...)
{
	struct lockfile_call call = { .make = make_openat,
				      .directory = directory,
				      .path = path,
				      .flags = flags };

	TAKE_MODE(call.mode, flags);
	return open_any(&call);
}

SHIM_HOOK int openat64(int directory, const char *path, int flags, ...)
{
	struct lockfile_call call = { .make = make_openat64,
				      .directory = directory,
				      .path = path,
				      .flags = flags };

	TAKE_MODE(call.mode, flags);
	return open_any(&call);
}

/* These never make a file: libc aborts a call with O_CREAT. */

SHIM_HOOK int __open_2(const char *path, int flags)
{
	return saw(AT_FDCWD, path, flags, REAL(__open_2)(path, flags));
}

SHIM_HOOK int __open64_2(const char *path, int flags)
{
	return saw(AT_FDCWD, path, flags, REAL(__open64_2)(path, flags));
}

SHIM_HOOK int __openat_2(int directory, const char *path, int flags)
{
	return saw(directory, path, flags,
		   REAL(__openat_2)(directory, path, flags));
}

SHIM_HOOK int __openat64_2(int directory, const char *path, int flags)
{
	return saw(directory, path, flags,
		   REAL(__openat64_2)(directory, path, flags));
}

SHIM_HOOK int creat(const char *path, mode_t mode)
{
	return saw(AT_FDCWD, path, 0, REAL(creat)(path, mode));
}

SHIM_HOOK int creat64(const char *path, mode_t mode)
{
	return saw(AT_FDCWD, path, 0, REAL(creat64)(path, mode));
}

/* The flags that matter here.  libc looks at seven letters, and not beyond a
 * comma. */
static int flags_of(const char *mode)
{
	int flags = 0;

	if (!mode)
		return 0;
	if (*mode == 'w' || *mode == 'a')
		flags |= O_CREAT;
	for (int i = 1; i < 7 && mode[i] && mode[i] != ','; i++)
		if (mode[i] == 'x')
			flags |= O_EXCL;
	return flags;
}

static FILE *open_stream(struct lockfile_call *call)
{
	call->directory = AT_FDCWD;
	call->flags = flags_of(call->mode_text);
	open_any(call);
	return call->stream;
}

SHIM_HOOK FILE *fopen(const char *path, const char *mode)
{
	struct lockfile_call call = { .make = make_fopen,
				      .path = path,
				      .mode_text = mode };

	return open_stream(&call);
}

SHIM_HOOK FILE *fopen64(const char *path, const char *mode)
{
	struct lockfile_call call = { .make = make_fopen64,
				      .path = path,
				      .mode_text = mode };

	return open_stream(&call);
}

/* freopen closes the stream even if it fails: it cannot be tried again, so it
 * does not wait. */

SHIM_HOOK FILE *freopen(const char *path, const char *mode, FILE *old)
{
	FILE *stream = REAL(freopen)(path, mode, old);

	saw(AT_FDCWD, path, 0, stream ? fileno(stream) : -1);
	return stream;
}

SHIM_HOOK FILE *freopen64(const char *path, const char *mode, FILE *old)
{
	FILE *stream = REAL(freopen64)(path, mode, old);

	saw(AT_FDCWD, path, 0, stream ? fileno(stream) : -1);
	return stream;
}
