/* SPDX-License-Identifier: MIT */
/* original_unix.c - the original as it is on Linux: one abstract address. */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/lock.h"
#include "bench/locks/pause.h"

struct lock {
	struct sockaddr_un address;
	socklen_t length;
	int fd; /* while it is held, else -1 */
};

static void *open_lock(const char *name)
{
	struct lock *lock = calloc(1, sizeof(*lock));
	char *path;
	int length;

	if (!lock)
		return NULL;
	lock->address.sun_family = AF_UNIX;
	path = lock->address.sun_path + 1; /* after the NUL of abstract ones */
	length = snprintf(path, sizeof(lock->address.sun_path) - 1,
			  "/portlock/%s", name);
	lock->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				   (size_t)length);
	lock->fd = -1;
	return lock;
}

static int acquire(void *opened)
{
	struct lock *lock = opened;

	for (;;) {
		int error, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			return errno;
		if (bind(fd, (const struct sockaddr *)&lock->address,
			 lock->length) == 0) {
			lock->fd = fd;
			return 0;
		}
		error = errno;
		close(fd);
		if (error != EADDRINUSE)
			return error;
		lock_pause();
	}
}

static int release(void *opened)
{
	struct lock *lock = opened;

	close(lock->fd);
	lock->fd = -1;
	return 0;
}

static void close_lock(void *opened, bool remove)
{
	struct lock *lock = opened;

	(void)remove;
	if (lock->fd >= 0)
		release(lock);
	free(lock);
}

BENCH_LOCK(original_unix) = {
	.name = "original-unix",
	.what = "the original on Linux: an abstract unix address; 10 ms sleep",
	.open = open_lock,
	.acquire = acquire,
	.release = release,
	.close = close_lock,
};
