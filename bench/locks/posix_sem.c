/* SPDX-License-Identifier: MIT */
/* posix_sem.c - a named POSIX semaphore of value 1. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/lock.h"

struct lock {
	sem_t *semaphore;
	char *name;
};

static void *open_lock(const char *name)
{
	struct lock *lock = malloc(sizeof(*lock));

	if (!lock)
		return NULL;
	if (asprintf(&lock->name, "/%s", name) < 0) {
		free(lock);
		return NULL;
	}
	lock->semaphore = sem_open(lock->name, O_CREAT, 0600, 1);
	if (lock->semaphore != SEM_FAILED)
		return lock;
	free(lock->name);
	free(lock);
	return NULL;
}

static int acquire(void *lock)
{
	while (sem_wait(((struct lock *)lock)->semaphore) < 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

static int release(void *lock)
{
	return sem_post(((struct lock *)lock)->semaphore) < 0 ? errno : 0;
}

static void close_lock(void *opened, bool remove)
{
	struct lock *lock = opened;

	sem_close(lock->semaphore);
	if (remove)
		sem_unlink(lock->name);
	free(lock->name);
	free(lock);
}

BENCH_LOCK(posix_sem) = {
	.name = "posix-sem",
	.what = "a named POSIX semaphore",
	.orphans = true,
	.open = open_lock,
	.acquire = acquire,
	.release = release,
	.close = close_lock,
};
