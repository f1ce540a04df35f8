/* SPDX-License-Identifier: MIT */
/* mutex.c - a mutex in the data of a program. */
#include "config.h"

#include <errno.h>
#include <pthread.h>

#include "bench/calls.h"
#include "bench/calls/checked.h"

/* A rule names it, so stripping may not: it is exported. */
extern pthread_mutex_t bench_calls_mutex __attribute__((visibility("default")));
pthread_mutex_t bench_calls_mutex = PTHREAD_MUTEX_INITIALIZER;

static void lock_mutex(void)
{
	errno = pthread_mutex_lock(&bench_calls_mutex);
	checked(errno ? -1 : 0, "pthread_mutex_lock");
}

static void unlock_mutex(void)
{
	pthread_mutex_unlock(&bench_calls_mutex);
}

const struct call call_mutex = {
	.name = "mutex",
	.family = "mutex",
	.matched = "*:bench_calls_mutex",
	.unmatched = "mutex */none:none",
	.locks = true,
	.take = lock_mutex,
	.give = unlock_mutex,
};
