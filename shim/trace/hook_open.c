/* SPDX-License-Identifier: MIT */
/* hook_open.c - opening: what makes a lock file, and what is written. */
#undef _FORTIFY_SOURCE /* its open() is a function of its own */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "shim/trace/trace.h"

int __open(const char *path, int flags, ...);
int __open64(const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int directory, const char *path, int flags);
int __openat64_2(int directory, const char *path, int flags);

static void exclusive(struct trace *trace, int directory, const char *path,
		      int error)
{
	char real[PATH_MAX];
	size_t base;
	bool found = path_resolve(directory, path, real, &base);

	trace_result(trace, found ? real : "?", error);
	trace_word(trace, "exclusive");
	if (found)
		trace_protected(trace, real);
	trace_send(trace);
}

/* What an opened regular file is for: only writing has a line. */
static void opened(struct trace *trace, int fd, int flags)
{
	int mode = flags & O_ACCMODE;
	char real[PATH_MAX];
	struct stat64 about;

	if (fstat64(fd, &about) < 0 || !S_ISREG(about.st_mode) ||
	    !path_of_fd(fd, real))
		return;
	if (mode != O_RDONLY) {
		trace_result(trace, real, 0);
		trace_word(trace, flags & O_APPEND ? "append"
				  : mode == O_RDWR && !(flags & O_TRUNC)
					  ? "update"
					  : "write");
		if (trace_has_seen(real))
			trace_name(trace, "read=", real);
		trace_send(trace);
	}
	if (mode != O_WRONLY && !(flags & O_TRUNC))
		trace_saw(real);
}

static void done(struct trace *trace, int directory, const char *path,
		 int flags, int fd)
{
	const int excludes = O_CREAT | O_EXCL;
	int error = errno;
	char real[PATH_MAX];
	size_t base;
	char first;

	if (!trace_peek(&first, path, 1) || flags & (O_PATH | O_DIRECTORY))
		return;
	if ((flags & O_TMPFILE) == O_TMPFILE) /* it has no name */
		return;
	if ((flags & excludes) == excludes)
		exclusive(trace, directory, path, fd < 0 ? error : 0);
	else if (fd >= 0)
		opened(trace, fd, flags);
	else if (error == ENOENT && path_resolve(directory, path, real, &base))
		trace_saw(real); /* it was not there: that was read, too */
	errno = error;
}

#define TAKE_MODE(mode, flags)                                                 \
	do {                                                                   \
		if ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE) {     \
			va_list arguments;                                     \
			va_start(arguments, flags);                            \
			(mode) = va_arg(arguments, mode_t);                    \
			va_end(arguments);                                     \
		}                                                              \
	} while (0)

/* What all of them do, for a call that is an expression. */
#define TRACE_OPEN(function, directory, path, flags, call)                     \
	do {                                                                   \
		struct trace trace;                                            \
		bool traced = trace_begin(&trace, function);                   \
		int fd = (call);                                               \
		if (traced)                                                    \
			done(&trace, directory, path, flags, fd);              \
		return fd;                                                     \
	} while (0)

SHIM_HOOK int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(mode, flags);
	TRACE_OPEN("open", AT_FDCWD, path, flags,
		   REAL(open)(path, flags, mode));
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
	TRACE_OPEN("open", AT_FDCWD, path, flags,
		   REAL(open64)(path, flags, mode));
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
	TRACE_OPEN("openat", directory, path, flags,
		   REAL(openat)(directory, path, flags, mode));
}

SHIM_HOOK int openat64(int directory, const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(mode, flags);
	TRACE_OPEN("openat", directory, path, flags,
		   REAL(openat64)(directory, path, flags, mode));
}

SHIM_HOOK int __open_2(const char *path, int flags)
{
	TRACE_OPEN("open", AT_FDCWD, path, flags, REAL(__open_2)(path, flags));
}

SHIM_HOOK int __open64_2(const char *path, int flags)
{
	TRACE_OPEN("open", AT_FDCWD, path, flags,
		   REAL(__open64_2)(path, flags));
}

SHIM_HOOK int __openat_2(int directory, const char *path, int flags)
{
	TRACE_OPEN("openat", directory, path, flags,
		   REAL(__openat_2)(directory, path, flags));
}

SHIM_HOOK int __openat64_2(int directory, const char *path, int flags)
{
	TRACE_OPEN("openat", directory, path, flags,
		   REAL(__openat64_2)(directory, path, flags));
}

SHIM_HOOK int creat(const char *path, mode_t mode)
{
	int flags = O_WRONLY | O_CREAT | O_TRUNC;

	TRACE_OPEN("creat", AT_FDCWD, path, flags, REAL(creat)(path, mode));
}

SHIM_HOOK int creat64(const char *path, mode_t mode)
{
	int flags = O_WRONLY | O_CREAT | O_TRUNC;

	TRACE_OPEN("creat", AT_FDCWD, path, flags, REAL(creat64)(path, mode));
}

/* The flags of open() for the mode of a stream. */
static int flags_of(const char *mode)
{
	int flags = strchr(mode, '+') ? O_RDWR
		    : *mode == 'r'    ? O_RDONLY
				      : O_WRONLY;

	if (*mode == 'w')
		flags |= O_CREAT | O_TRUNC;
	if (*mode == 'a')
		flags |= O_CREAT | O_APPEND;
	/* What follows a comma is a character set. */
	if (memchr(mode, 'x', strcspn(mode, ",")))
		flags |= O_EXCL;
	return flags;
}

static FILE *done_stream(struct trace *trace, const char *path,
			 const char *mode, FILE *stream)
{
	int error = errno;

	done(trace, AT_FDCWD, path, flags_of(mode),
	     stream ? fileno(stream) : -1);
	errno = error;
	return stream;
}

#define TRACE_STREAM(function, path, mode, call)                               \
	do {                                                                   \
		struct trace trace;                                            \
		bool traced = trace_begin(&trace, function);                   \
		FILE *stream = (call);                                         \
		return traced ? done_stream(&trace, path, mode, stream)        \
			      : stream;                                        \
	} while (0)

SHIM_HOOK FILE *fopen(const char *path, const char *mode)
{
	TRACE_STREAM("fopen", path, mode, REAL(fopen)(path, mode));
}

SHIM_HOOK FILE *fopen64(const char *path, const char *mode)
{
	TRACE_STREAM("fopen", path, mode, REAL(fopen64)(path, mode));
}

SHIM_HOOK FILE *freopen(const char *path, const char *mode, FILE *old)
{
	TRACE_STREAM("freopen", path, mode, REAL(freopen)(path, mode, old));
}

SHIM_HOOK FILE *freopen64(const char *path, const char *mode, FILE *old)
{
	TRACE_STREAM("freopen", path, mode, REAL(freopen64)(path, mode, old));
}
