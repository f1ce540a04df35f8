/* SPDX-License-Identifier: MIT */
/* old_kernel.c - the kernels that do not know how to refuse descriptors. */
#include "config.h"

#include <errno.h>

#include "old_kernel.h"

/* The one option that is as old as sockets is known. */
int old_setsockopt(int fd, int level, int name, const void *value,
		   socklen_t length)
{
	if (name == SO_OOBINLINE)
		return setsockopt(fd, level, name, value, length);
	errno = ENOPROTOOPT;
	return -1;
}
