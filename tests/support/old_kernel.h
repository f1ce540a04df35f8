/* SPDX-License-Identifier: MIT */
/* old_kernel.h - the kernels that do not know how to refuse descriptors. */
#ifndef PORTLOCK_TESTS_OLD_KERNEL_H
#define PORTLOCK_TESTS_OLD_KERNEL_H

#include <sys/socket.h>

/* Their setsockopt(). */
int old_setsockopt(int fd, int level, int name, const void *value,
		   socklen_t length);

#endif
