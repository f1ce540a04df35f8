/* SPDX-License-Identifier: MIT */
/* flock.c - flock(2) on a descriptor that is kept open. */
#include "config.h"

#include <errno.h>
#include <sys/file.h>

#include "bench/lock.h"
#include "bench/locks/file.h"

static int set(void *lock, int operation)
{
	while (flock(lock_file_fd(lock), operation) < 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

static int acquire(void *lock)
{
	return set(lock, LOCK_EX);
}

static int release(void *lock)
{
	return set(lock, LOCK_UN);
}

BENCH_LOCK(flock_kept) = {
	.name = "flock",
	.what = "flock(2) on a descriptor that is kept open",
	.open = lock_file_open,
	.acquire = acquire,
	.release = release,
	.close = lock_file_close,
};
