/* SPDX-License-Identifier: MIT */
/* sysv_sem.c - a System V semaphore, with SEM_UNDO.
 *
 * A file in bench_folder gives its key and tells, by a byte in it, that
 * somebody has made the set.  That one was alone: a run opens a lock before its
 * workers do.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/lock.h"
#include "bench/locks/file.h"

struct lock {
	char *path;
	int set;
};

static int make(int fd, key_t key)
{
	int set;

	/* Before the set is there: by the byte it is found, and removed. */
	if (pwrite(fd, "s", 1, 0) != 1)
		return -1;
	set = semget(key, 1, IPC_CREAT | IPC_EXCL | 0600);
	if (set >= 0 && semctl(set, 0, SETVAL, 1) < 0)
		return -1;
	return set;
}

static int find(int fd)
{
	struct stat about;
	key_t key;

	if (fstat(fd, &about) < 0)
		return -1;
	/* As ftok(3), which takes just 16 bits of the number. */
	key = (key_t)('p' << 24 | (about.st_ino & 0xffffff));
	return about.st_size == 0 ? make(fd, key) : semget(key, 1, 0);
}

static int open_set(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int set, error;

	if (fd < 0)
		return -1;
	set = find(fd);
	error = errno;
	close(fd);
	if (set < 0)
		unlink(path);
	errno = error;
	return set;
}

static void *open_lock(const char *name)
{
	struct lock *lock = malloc(sizeof(*lock));

	if (!lock)
		return NULL;
	lock->path = lock_file_path(name);
	lock->set = lock->path ? open_set(lock->path) : -1;
	if (lock->set >= 0)
		return lock;
	free(lock->path);
	free(lock);
	return NULL;
}

static int add(void *lock, short value)
{
	struct sembuf operation = { .sem_op = value, .sem_flg = SEM_UNDO };

	while (semop(((struct lock *)lock)->set, &operation, 1) < 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

static int acquire(void *lock)
{
	return add(lock, -1);
}

static int release(void *lock)
{
	return add(lock, 1);
}

static void close_lock(void *opened, bool remove)
{
	struct lock *lock = opened;

	if (remove) {
		semctl(lock->set, 0, IPC_RMID);
		unlink(lock->path);
	}
	free(lock->path);
	free(lock);
}

BENCH_LOCK(sysv_sem) = {
	.name = "sysv-sem",
	.what = "a System V semaphore with SEM_UNDO",
	.open = open_lock,
	.acquire = acquire,
	.release = release,
	.close = close_lock,
};
