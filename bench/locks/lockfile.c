/* SPDX-License-Identifier: MIT */
/* lockfile.c - a file that only one can create; the others look again. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/lock.h"
#include "bench/locks/file.h"
#include "bench/locks/pause.h"

static void *open_lock(const char *name)
{
	return lock_file_path(name);
}

static int acquire(void *path)
{
	int fd;

	while ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			  0600)) < 0) {
		if (errno == EEXIST)
			lock_pause();
		else if (errno != EINTR)
			return errno;
	}
	close(fd);
	return 0;
}

static int release(void *path)
{
	return unlink(path) < 0 ? errno : 0;
}

static void close_lock(void *path, bool remove)
{
	if (remove)
		unlink(path);
	free(path);
}

BENCH_LOCK(lockfile) = {
	.name = "lockfile",
	.what = "a file made with O_CREAT and O_EXCL; 10 ms sleep if it exists",
	.orphans = true,
	.open = open_lock,
	.acquire = acquire,
	.release = release,
	.close = close_lock,
};
