/* SPDX-License-Identifier: MIT */
/* thread.c - a thread that acquires a lock while the test looks on. */
#include "config.h"

#include <unistd.h>

#include "support.h"
#include "thread.h"

pthread_t thread_start(void *(*body)(void *), void *argument)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, body, argument);

	require(error == 0);
	return thread;
}

void thread_end(pthread_t thread)
{
	int error = pthread_join(thread, NULL);

	require(error == 0);
}

static void *acquire(void *argument)
{
	struct waiter *waiter = argument;

	atomic_store(&waiter->tid, gettid());
	waiter->result = portlock_acquire_for(waiter->lock, waiter->timeout_ms);
	return NULL;
}

void waiter_start(struct waiter *waiter, portlock_t *lock, int64_t timeout_ms)
{
	atomic_init(&waiter->tid, 0);
	waiter->lock = lock;
	waiter->timeout_ms = timeout_ms;
	waiter->thread = thread_start(acquire, waiter);
}

static bool has_started(void *waiter)
{
	return atomic_load(&((struct waiter *)waiter)->tid) != 0;
}

void waiter_queue(struct waiter *waiter, portlock_t *lock, const char *key)
{
	int length = gate_queue(key);

	waiter_start(waiter, lock, -1);
	wait_until(has_started, waiter);
	wait_for_queue(key, length + 1);
	wait_asleep(waiter->tid);
}

int waiter_end(struct waiter *waiter)
{
	thread_end(waiter->thread);
	return waiter->result;
}

int acquire_on_a_thread(portlock_t *lock, int64_t timeout_ms)
{
	struct waiter waiter;

	waiter_start(&waiter, lock, timeout_ms);
	return waiter_end(&waiter);
}
