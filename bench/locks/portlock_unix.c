/* SPDX-License-Identifier: MIT */
/* portlock_unix.c - portlock with the unix transport. */
#include "config.h"

#include "bench/lock.h"
#include "bench/locks/portlock.h"

static void *open_unix(const char *name)
{
	return lock_portlock_open(name, "unix");
}

BENCH_LOCK(portlock_unix) = {
	.name = "portlock-unix",
	.what = "portlock: a unix gate alone",
	.open = open_unix,
	.acquire = lock_portlock_acquire,
	.release = lock_portlock_release,
	.close = lock_portlock_close,
	.floor = lock_portlock_floor_unix,
};
