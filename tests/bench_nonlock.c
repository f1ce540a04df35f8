/* SPDX-License-Identifier: MIT */
/* bench_nonlock.c - a lock that excludes nobody, for portlock-bench to catch. */
#include "config.h"

#include "bench/lock.h"

static void *open_nothing(const char *name)
{
	return (void *)name;
}

static int do_nothing(void *lock)
{
	(void)lock;
	return 0;
}

static void close_nothing(void *lock, bool remove)
{
	(void)lock;
	(void)remove;
}

BENCH_LOCK(nonlock) = {
	.name = "nonlock",
	.what = "no lock at all",
	.open = open_nothing,
	.acquire = do_nothing,
	.release = do_nothing,
	.close = close_nothing,
};
