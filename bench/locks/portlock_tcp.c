/* SPDX-License-Identifier: MIT */
/* portlock_tcp.c - portlock with its default transport. */
#include "config.h"

#include "bench/lock.h"
#include "bench/locks/portlock.h"

static void *open_tcp(const char *name)
{
	return lock_portlock_open(name, "tcp");
}

BENCH_LOCK(portlock_tcp) = {
	.name = "portlock-tcp",
	.what = "portlock: a unix gate and two of three TCP ports",
	.open = open_tcp,
	.acquire = lock_portlock_acquire,
	.release = lock_portlock_release,
	.close = lock_portlock_close,
	.floor = lock_portlock_floor_tcp,
};
