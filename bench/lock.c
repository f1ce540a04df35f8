/* SPDX-License-Identifier: MIT */
/* lock.c - the list of the locks that are compared. */
#include "config.h"

#include <string.h>

#include "bench/lock.h"

struct bench_lock *bench_locks;
const char *bench_folder = ".";

void bench_lock_add(struct bench_lock *lock)
{
	struct bench_lock **link = &bench_locks;

	while (*link)
		link = &(*link)->next;
	*link = lock;
}

struct bench_lock *bench_lock_find(const char *name)
{
	struct bench_lock *lock = bench_locks;

	while (lock && strcmp(lock->name, name) != 0)
		lock = lock->next;
	return lock;
}
