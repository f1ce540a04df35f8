/* SPDX-License-Identifier: MIT */
/* original.c - the original's documented algorithm.
 *
 * All three ports are tried, with plain binds; who has two of them has the
 * lock, who has fewer gives them back and sleeps.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/lock.h"
#include "bench/locks/pause.h"
#include "bench/locks/ports.h"

#define PORTS 3
#define QUORUM 2

struct lock {
	struct sockaddr_in ports[PORTS];
	int fds[PORTS]; /* -1: is not ours */
};

static void *open_lock(const char *name)
{
	struct lock *lock = malloc(sizeof(*lock));

	if (!lock)
		return NULL;
	for (int i = 0; i < PORTS; i++) {
		lock->ports[i] = port_of_name(name, i);
		lock->fds[i] = -1;
	}
	return lock;
}

/* 0 also if another has it: *fd is -1 then. */
static int bind_port(const struct sockaddr_in *port, int *fd)
{
	int error;

	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return errno;
	if (bind(*fd, (const struct sockaddr *)port, sizeof(*port)) == 0)
		return 0;
	error = errno;
	close(*fd);
	*fd = -1;
	return error == EADDRINUSE ? 0 : error;
}

static int release(void *opened)
{
	struct lock *lock = opened;

	for (int i = 0; i < PORTS; i++) {
		if (lock->fds[i] >= 0)
			close(lock->fds[i]);
		lock->fds[i] = -1;
	}
	return 0;
}

static int acquire(void *opened)
{
	struct lock *lock = opened;

	for (;;) {
		int error = 0, count = 0;

		for (int i = 0; i < PORTS && error == 0; i++) {
			error = bind_port(&lock->ports[i], &lock->fds[i]);
			count += lock->fds[i] >= 0;
		}
		if (error == 0 && count >= QUORUM)
			return 0;
		release(lock);
		if (error)
			return error;
		lock_pause();
	}
}

static void close_lock(void *lock, bool remove)
{
	(void)remove;
	release(lock);
	free(lock);
}

BENCH_LOCK(original) = {
	.name = "original",
	.what = "the original as documented: two of three ports; 10 ms sleep",
	.open = open_lock,
	.acquire = acquire,
	.release = release,
	.close = close_lock,
};
