/* SPDX-License-Identifier: MIT */
/* thread.h - a thread that acquires a lock while the test looks on. */
#ifndef PORTLOCK_TESTS_THREAD_H
#define PORTLOCK_TESTS_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include <portlock/portlock.h>

struct waiter {
	pthread_t thread;
	atomic_int tid; /* 0: not yet started */
	portlock_t *lock;
	int64_t timeout_ms;
	int result;
};

/* Starts one that calls portlock_acquire_for(), leaves its result and ends. */
void waiter_start(struct waiter *waiter, portlock_t *lock, int64_t timeout_ms);

/* The same, and returns when it sleeps in the queue of the key. */
void waiter_queue(struct waiter *waiter, portlock_t *lock, const char *key);

/* Returns when the thread has ended, with its result. */
int waiter_end(struct waiter *waiter);

/* pthread_create() and pthread_join() that cannot fail. */
pthread_t thread_start(void *(*body)(void *), void *argument);
void thread_end(pthread_t thread);

/* portlock_acquire_for() on another thread that ends with it. */
int acquire_on_a_thread(portlock_t *lock, int64_t timeout_ms);

#endif
