/* SPDX-License-Identifier: MIT */
/* robust_mutex.c - a pthread mutex that processes share.
 *
 * It lies in a file of its own, which is made and set up by whoever opens it
 * first.  That one is alone: a run opens a lock before its workers do.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/lock.h"
#include "bench/locks/file.h"

struct lock {
	pthread_mutex_t *mutex;
	char *path;
};

/* The file's memory; NULL, with errno. */
static void *map(int fd)
{
	void *memory = MAP_FAILED;
	int error;

	if (ftruncate(fd, sizeof(pthread_mutex_t)) == 0)
		memory = mmap(NULL, sizeof(pthread_mutex_t),
			      PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	error = errno;
	close(fd);
	errno = error;
	return memory == MAP_FAILED ? NULL : memory;
}

static void set_up(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

static pthread_mutex_t *open_mutex(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool first = fd >= 0;
	pthread_mutex_t *mutex;

	if (!first && errno == EEXIST)
		fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	mutex = map(fd);
	if (mutex && first)
		set_up(mutex);
	return mutex;
}

static void *open_lock(const char *name)
{
	struct lock *lock = malloc(sizeof(*lock));

	if (!lock)
		return NULL;
	lock->path = lock_file_path(name);
	lock->mutex = lock->path ? open_mutex(lock->path) : NULL;
	if (lock->mutex)
		return lock;
	free(lock->path);
	free(lock);
	return NULL;
}

static int acquire(void *opened)
{
	struct lock *lock = opened;
	int error = pthread_mutex_lock(lock->mutex);

	/* Its holder died with it; there is no data to be put in order. */
	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(lock->mutex);
	return error;
}

static int release(void *lock)
{
	return pthread_mutex_unlock(((struct lock *)lock)->mutex);
}

static void close_lock(void *opened, bool remove)
{
	struct lock *lock = opened;

	munmap(lock->mutex, sizeof(*lock->mutex));
	if (remove)
		unlink(lock->path);
	free(lock->path);
	free(lock);
}

BENCH_LOCK(robust_mutex) = {
	.name = "robust-mutex",
	.what = "a robust pthread mutex in a file that processes map",
	.open = open_lock,
	.acquire = acquire,
	.release = release,
	.close = close_lock,
};
