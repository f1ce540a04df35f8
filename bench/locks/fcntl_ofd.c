/* SPDX-License-Identifier: MIT */
/* fcntl_ofd.c - a record lock of fcntl(2) that the open file owns. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>

#include "bench/lock.h"
#include "bench/locks/file.h"

static int set(void *lock, short type)
{
	struct flock whole = { .l_type = type, .l_whence = SEEK_SET };

	while (fcntl(lock_file_fd(lock), F_OFD_SETLKW, &whole) < 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

static int acquire(void *lock)
{
	return set(lock, F_WRLCK);
}

static int release(void *lock)
{
	return set(lock, F_UNLCK);
}

BENCH_LOCK(fcntl_ofd) = {
	.name = "fcntl-ofd",
	.what = "fcntl(2), F_OFD_SETLKW on a descriptor that is kept open",
	.open = lock_file_open,
	.acquire = acquire,
	.release = release,
	.close = lock_file_close,
};
