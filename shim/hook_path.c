/* SPDX-License-Identifier: MIT */
/* hook_path.c - link, symlink and mkdir: makers of lock files without open. */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/lockfile.h"
#include "shim/recent.h"

static int make_link(struct lockfile_call *call)
{
	return REAL(link)(call->target, call->path);
}

static int make_linkat(struct lockfile_call *call)
{
	return REAL(linkat)(call->target_directory, call->target,
			    call->directory, call->path, call->flags);
}

static int make_symlink(struct lockfile_call *call)
{
	return REAL(symlink)(call->target, call->path);
}

static int make_symlinkat(struct lockfile_call *call)
{
	return REAL(symlinkat)(call->target, call->directory, call->path);
}

static int make_mkdir(struct lockfile_call *call)
{
	return REAL(mkdir)(call->path, call->mode);
}

static int make_mkdirat(struct lockfile_call *call)
{
	return REAL(mkdirat)(call->directory, call->path, call->mode);
}

static int create(struct lockfile_call *call)
{
	if (call->path && shim_family_has_rules(SHIM_LOCKFILE))
		return lockfile_obtain(call);
	return call->make(call);
}

/* A path may lead elsewhere than a moment ago. */

static int create_symlink(struct lockfile_call *call)
{
	int result = create(call);

	recent_forget();
	return result;
}

static int create_directory(struct lockfile_call *call)
{
	int result = create(call);

	recent_made_directory();
	return result;
}

SHIM_HOOK int link(const char *target, const char *path)
{
	struct lockfile_call call = { .make = make_link,
				      .directory = AT_FDCWD,
				      .path = path,
				      .target_directory = AT_FDCWD,
				      .target = target,
				      .names = true };

	return create(&call);
}

SHIM_HOOK int linkat(int target_directory, const char *target, int directory,
		     const char *path, int flags)
{
	struct lockfile_call call = { .make = make_linkat,
				      .directory = directory,
				      .path = path,
				      .flags = flags,
				      .target_directory = target_directory,
				      .target = target,
				      .names = true };

	return create(&call);
}

SHIM_HOOK int symlink(const char *target, const char *path)
{
	struct lockfile_call call = { .make = make_symlink,
				      .directory = AT_FDCWD,
				      .path = path,
				      .target = target };

	return create_symlink(&call);
}

SHIM_HOOK int symlinkat(const char *target, int directory, const char *path)
{
	struct lockfile_call call = { .make = make_symlinkat,
				      .directory = directory,
				      .path = path,
				      .target = target };

	return create_symlink(&call);
}

SHIM_HOOK int mkdir(const char *path, mode_t mode)
{
	struct lockfile_call call = { .make = make_mkdir,
				      .directory = AT_FDCWD,
				      .path = path,
				      .mode = mode,
				      .makes_directory = true };

	return create_directory(&call);
}

SHIM_HOOK int mkdirat(int directory, const char *path, mode_t mode)
{
	struct lockfile_call call = { .make = make_mkdirat,
				      .directory = directory,
				      .path = path,
				      .mode = mode,
				      .makes_directory = true };

	return create_directory(&call);
}
