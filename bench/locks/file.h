/* SPDX-License-Identifier: MIT */
/* file.h - a file in bench_folder, for locks that are one or lie in one. */
#ifndef PORTLOCK_BENCH_LOCKS_FILE_H
#define PORTLOCK_BENCH_LOCKS_FILE_H

#include <stdbool.h>

/* bench_folder/name, to be freed; NULL, with errno. */
char *lock_file_path(const char *name);

/* As of struct bench_lock; the file is made if it is not there. */
void *lock_file_open(const char *name);
void lock_file_close(void *lock, bool remove);

int lock_file_fd(void *lock);

#endif
