/* SPDX-License-Identifier: MIT */
/* pause.h - the sleep of locks that poll. */
#ifndef PORTLOCK_BENCH_LOCKS_PAUSE_H
#define PORTLOCK_BENCH_LOCKS_PAUSE_H

#include <time.h>

/* 10 ms, as long as the original's. */
static inline void lock_pause(void)
{
	const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };

	nanosleep(&moment, NULL);
}

#endif
