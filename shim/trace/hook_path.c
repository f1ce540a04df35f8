/* SPDX-License-Identifier: MIT */
/* hook_path.c - names of files that are made and taken away. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "shim/trace/trace.h"

/* The path as it was before the call, or "?". */
static void resolve(int directory, const char *path, char real[PATH_MAX])
{
	int error = errno;
	size_t base;
	char first;

	if (!trace_peek(&first, path, 1) ||
	    !path_resolve(directory, path, real, &base)) {
		real[0] = '?';
		real[1] = '\0';
	}
	errno = error;
}

static int made(struct trace *trace, int directory, const char *path,
		int result)
{
	int error = result < 0 ? errno : 0;
	char real[PATH_MAX];

	resolve(directory, path, real);
	trace_result(trace, real, error);
	trace_protected(trace, real);
	trace_send(trace);
	return result;
}

static int gone(struct trace *trace, int directory, const char *path,
		int result)
{
	int error = result < 0 ? errno : 0;
	char real[PATH_MAX];

	/* Programs remove many names for the case that they are there. */
	if (error == ENOENT)
		return result;
	resolve(directory, path, real);
	trace_result(trace, real, error);
	trace_send(trace);
	if (error == 0)
		trace_unprotected(real);
	return result;
}

static int moved(struct trace *trace, int directory, const char *from,
		 int directory_to, const char *to, int result)
{
	int error = result < 0 ? errno : 0;
	char real[PATH_MAX];

	resolve(directory, from, real);
	trace_result(trace, real, error);
	if (error == 0)
		trace_unprotected(real);
	resolve(directory_to, to, real);
	trace_name(trace, "to=", real);
	if (trace_has_seen(real))
		trace_name(trace, "read=", real);
	trace_send(trace);
	return result;
}

#define TRACE(function, call, then)                                            \
	do {                                                                   \
		struct trace trace;                                            \
		bool traced = trace_begin(&trace, function);                   \
		int result = (call);                                           \
		return traced ? (then) : result;                               \
	} while (0)

SHIM_HOOK int link(const char *from, const char *to)
{
	TRACE("link", REAL(link)(from, to), made(&trace, AT_FDCWD, to, result));
}

SHIM_HOOK int linkat(int from, const char *path, int to, const char *name,
		     int flags)
{
	TRACE("linkat", REAL(linkat)(from, path, to, name, flags),
	      made(&trace, to, name, result));
}

SHIM_HOOK int symlink(const char *text, const char *path)
{
	TRACE("symlink", REAL(symlink)(text, path),
	      made(&trace, AT_FDCWD, path, result));
}

SHIM_HOOK int symlinkat(const char *text, int directory, const char *path)
{
	TRACE("symlinkat", REAL(symlinkat)(text, directory, path),
	      made(&trace, directory, path, result));
}

SHIM_HOOK int mkdir(const char *path, mode_t mode)
{
	TRACE("mkdir", REAL(mkdir)(path, mode),
	      made(&trace, AT_FDCWD, path, result));
}

SHIM_HOOK int mkdirat(int directory, const char *path, mode_t mode)
{
	TRACE("mkdirat", REAL(mkdirat)(directory, path, mode),
	      made(&trace, directory, path, result));
}

SHIM_HOOK int unlink(const char *path)
{
	TRACE("unlink", REAL(unlink)(path),
	      gone(&trace, AT_FDCWD, path, result));
}

SHIM_HOOK int unlinkat(int directory, const char *path, int flags)
{
	TRACE("unlinkat", REAL(unlinkat)(directory, path, flags),
	      gone(&trace, directory, path, result));
}

SHIM_HOOK int rmdir(const char *path)
{
	TRACE("rmdir", REAL(rmdir)(path), gone(&trace, AT_FDCWD, path, result));
}

SHIM_HOOK int remove(const char *path)
{
	TRACE("remove", REAL(remove)(path),
	      gone(&trace, AT_FDCWD, path, result));
}

SHIM_HOOK int rename(const char *from, const char *to)
{
	TRACE("rename", REAL(rename)(from, to),
	      moved(&trace, AT_FDCWD, from, AT_FDCWD, to, result));
}

SHIM_HOOK int renameat(int directory, const char *from, int directory_to,
		       const char *to)
{
	TRACE("renameat", REAL(renameat)(directory, from, directory_to, to),
	      moved(&trace, directory, from, directory_to, to, result));
}

SHIM_HOOK int renameat2(int directory, const char *from, int directory_to,
			const char *to, unsigned flags)
{
	TRACE("renameat2",
	      REAL(renameat2)(directory, from, directory_to, to, flags),
	      moved(&trace, directory, from, directory_to, to, result));
}
