/* SPDX-License-Identifier: MIT */
/* hook_stream.c - fopen and freopen, which are opens like others. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "shim/hook_fd.h"
#include "shim/open.h"

/* What made a stream: its descriptor. */
static int made(struct lockfile_call *call, FILE *stream)
{
	call->stream = stream;
	return stream ? fileno(stream) : -1;
}

static int make_fopen(struct lockfile_call *call)
{
	return made(call, REAL(fopen)(call->path, call->mode_text));
}

static int make_fopen64(struct lockfile_call *call)
{
	return made(call, REAL(fopen64)(call->path, call->mode_text));
}

static int make_freopen(struct lockfile_call *call)
{
	return made(call,
		    REAL(freopen)(call->path, call->mode_text, call->stream));
}

static int make_freopen64(struct lockfile_call *call)
{
	return made(call,
		    REAL(freopen64)(call->path, call->mode_text, call->stream));
}

/* The flags that matter here.  libc looks at seven letters, and not beyond a
 * comma. */
static int flags_of(const char *mode)
{
	int flags = 0;

	if (!mode)
		return 0;
	if (*mode == 'w')
		flags = O_WRONLY | O_CREAT | O_TRUNC;
	else if (*mode == 'a')
		flags = O_WRONLY | O_CREAT;
	for (int i = 1; i < 7 && mode[i] && mode[i] != ','; i++)
		if (mode[i] == 'x')
			flags |= O_EXCL;
		else if (mode[i] == '+')
			flags = (flags & ~O_ACCMODE) | O_RDWR;
	return flags;
}

static FILE *open_stream(struct lockfile_call *call)
{
	call->directory = AT_FDCWD;
	call->flags = flags_of(call->mode_text);
	open_any(call);
	return call->stream;
}

static FILE *new_stream(FILE *stream)
{
	if (stream)
		open_made(fileno(stream));
	return stream;
}

SHIM_HOOK FILE *fopen(const char *path, const char *mode)
{
	if (!open_has_rules())
		return new_stream(REAL(fopen)(path, mode));
	return open_stream(&(struct lockfile_call){
		.make = make_fopen, .path = path, .mode_text = mode });
}

SHIM_HOOK FILE *fopen64(const char *path, const char *mode)
{
	if (!open_has_rules())
		return new_stream(REAL(fopen64)(path, mode));
	return open_stream(&(struct lockfile_call){
		.make = make_fopen64, .path = path, .mode_text = mode });
}

static FILE *reopen_stream(struct lockfile_call *call, FILE *old)
{
	int error = errno;
	struct fd_end end;

	call->stream = old;
	call->reopens = true;
	fd_end_begin(&end, fileno(old));
	errno = error;
	open_stream(call);
	/* Without a path it is the same file still, in another mode. */
	if (call->stream && !call->path && fileno(call->stream) == end.fd)
		fd_end_undo(&end);
	else
		fd_end_finish(&end);
	return call->stream;
}

SHIM_HOOK FILE *freopen(const char *path, const char *mode, FILE *old)
{
	struct lockfile_call call = { .make = make_freopen,
				      .path = path,
				      .mode_text = mode };

	return reopen_stream(&call, old);
}

SHIM_HOOK FILE *freopen64(const char *path, const char *mode, FILE *old)
{
	struct lockfile_call call = { .make = make_freopen64,
				      .path = path,
				      .mode_text = mode };

	return reopen_stream(&call, old);
}
