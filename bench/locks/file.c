/* SPDX-License-Identifier: MIT */
/* file.c - a file in bench_folder, for locks that are one or lie in one. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/lock.h"
#include "bench/locks/file.h"

struct lock_file {
	int fd;
	char *path;
};

char *lock_file_path(const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", bench_folder, name) < 0 ? NULL : path;
}

static void free_file(struct lock_file *file)
{
	free(file->path);
	free(file);
}

void *lock_file_open(const char *name)
{
	struct lock_file *file = malloc(sizeof(*file));

	if (!file)
		return NULL;
	file->path = lock_file_path(name);
	file->fd = file->path ? open(file->path, O_RDWR | O_CREAT | O_CLOEXEC,
				     0600)
			      : -1;
	if (file->fd >= 0)
		return file;
	free_file(file);
	return NULL;
}

void lock_file_close(void *lock, bool remove)
{
	struct lock_file *file = lock;

	close(file->fd);
	if (remove)
		unlink(file->path);
	free_file(file);
}

int lock_file_fd(void *lock)
{
	return ((struct lock_file *)lock)->fd;
}
