/* SPDX-License-Identifier: MIT */
/* lockfile_attribute.c - the extended attribute that a mark is kept in.
 *
 * The kernel's: fakeroot would keep what is set to itself, and a mark is for
 * all to see.
 */
#include "config.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/lockfile.h"

#define ATTRIBUTE "user.portlock"

int lockfile_attribute_set(const char *path, enum lockfile_links links,
			   const char *mark, int flags)
{
	return (int)syscall(links == LOCKFILE_FOLLOW ? SYS_setxattr
						     : SYS_lsetxattr,
			    path, ATTRIBUTE, mark, strlen(mark), flags);
}

int lockfile_attribute_set_fd(int fd, const char *mark)
{
	return (int)syscall(SYS_fsetxattr, fd, ATTRIBUTE, mark, strlen(mark),
			    0);
}

ssize_t lockfile_attribute_get(const char *path, enum lockfile_links links,
			       char *mark, size_t size)
{
	return syscall(links == LOCKFILE_FOLLOW ? SYS_getxattr : SYS_lgetxattr,
		       path, ATTRIBUTE, mark, size);
}

void lockfile_attribute_remove(const char *path, enum lockfile_links links)
{
	syscall(links == LOCKFILE_FOLLOW ? SYS_removexattr : SYS_lremovexattr,
		path, ATTRIBUTE);
}
