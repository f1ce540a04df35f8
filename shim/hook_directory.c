/* SPDX-License-Identifier: MIT */
/* hook_directory.c - relative paths begin elsewhere (recent.h).
 *
 * libc's walks through directories go from one to the next by calls that do not
 * come by here, also while they call the program.
 */
#include "config.h"

#include <ftw.h>
#include <fts.h>
#include <sched.h>
#include <unistd.h>

#include "shim/recent.h"

static int moved(int result)
{
	recent_forget();
	return result;
}

SHIM_HOOK int chdir(const char *path)
{
	return moved(REAL(chdir)(path));
}

SHIM_HOOK int fchdir(int fd)
{
	return moved(REAL(fchdir)(fd));
}

/* A thread's own directory or descriptors, perhaps. */
SHIM_HOOK int unshare(int what)
{
	recent_distrust();
	return REAL(unshare)(what);
}

SHIM_HOOK int nftw(const char *path, __nftw_func_t call, int fds, int flags)
{
	if (flags & FTW_CHDIR)
		recent_distrust();
	return REAL(nftw)(path, call, fds, flags);
}

SHIM_HOOK int nftw64(const char *path, __nftw64_func_t call, int fds, int flags)
{
	if (flags & FTW_CHDIR)
		recent_distrust();
	return REAL(nftw64)(path, call, fds, flags);
}

SHIM_HOOK FTS *fts_open(char *const *paths, int options,
			int (*compare)(const FTSENT **, const FTSENT **))
{
	if (!(options & FTS_NOCHDIR))
		recent_distrust();
	return REAL(fts_open)(paths, options, compare);
}

SHIM_HOOK FTS64 *fts64_open(char *const *paths, int options,
			    int (*compare)(const FTSENT64 **,
					   const FTSENT64 **))
{
	if (!(options & FTS_NOCHDIR))
		recent_distrust();
	return REAL(fts64_open)(paths, options, compare);
}
