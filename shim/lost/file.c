/* SPDX-License-Identifier: MIT */
/* file.c - which file that is, by what is known of it here. */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "shim/lost/guard.h"

bool file_look(int fd, const char *path, struct file *file)
{
	struct statx about;
	int flags = AT_STATX_DONT_SYNC | (*path ? 0 : AT_EMPTY_PATH);

	if (statx(fd, path, flags, STATX_TYPE | STATX_INO, &about) < 0)
		return false;
	*file = (struct file){
		.device = makedev(about.stx_dev_major, about.stx_dev_minor),
		.inode = about.stx_ino,
		.type = about.stx_mode & S_IFMT,
	};
	return true;
}

bool file_is(const struct file *one, const struct file *other)
{
	return one->device == other->device && one->inode == other->inode;
}
