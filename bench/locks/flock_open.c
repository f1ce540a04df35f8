/* SPDX-License-Identifier: MIT */
/* flock_open.c - open(2), flock(2) and close(2) for each use. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "bench/lock.h"
#include "bench/locks/file.h"

struct lock {
	char *path;
	int fd; /* while it is held */
};

static void *open_lock(const char *name)
{
	struct lock *lock = malloc(sizeof(*lock));

	if (!lock)
		return NULL;
	lock->path = lock_file_path(name);
	if (lock->path)
		return lock;
	free(lock);
	return NULL;
}

static int acquire(void *opened)
{
	struct lock *lock = opened;
	int fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	while (flock(fd, LOCK_EX) < 0) {
		int error = errno;

		if (error == EINTR)
			continue;
		close(fd);
		return error;
	}
	lock->fd = fd;
	return 0;
}

static int release(void *opened)
{
	struct lock *lock = opened;

	return close(lock->fd) < 0 ? errno : 0;
}

static void close_lock(void *opened, bool remove)
{
	struct lock *lock = opened;

	if (remove)
		unlink(lock->path);
	free(lock->path);
	free(lock);
}

BENCH_LOCK(flock_open) = {
	.name = "flock-open",
	.what = "flock(2) on a file that is opened and closed for each use",
	.open = open_lock,
	.acquire = acquire,
	.release = release,
	.close = close_lock,
};
