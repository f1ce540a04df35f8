/* SPDX-License-Identifier: MIT */
/* victim_mutex_naps.c - its threads: they count, and wait for conditions. */
#include "config.h"

#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "victim.h"
#include "victim_mutex.h"

static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static int run_threads(void *(*const bodies[])(void *), int count)
{
	pthread_t threads[VICTIM_MUTEX_THREADS];
	int result = 0;

	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, bodies[i], NULL) != 0)
			return EAGAIN;
	for (int i = 0; i < count; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		if (failed)
			result = EPROTO;
	}
	return result;
}

/* ---- counting ------------------------------------------------------------ */

static volatile long *counter;

static void map_counter(void)
{
	counter = mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE,
		       MAP_SHARED, VICTIM_SHARED, 0);
}

static void count_once(void)
{
	long seen = *counter;

	sched_yield();
	*counter = seen + 1;
}

static void *count(void *unused)
{
	for (int i = 0; i < VICTIM_MUTEX_ROUNDS; i++) {
		if (pthread_mutex_lock(mutex) != 0)
			return mutex;
		count_once();
		pthread_mutex_unlock(mutex);
	}
	return unused;
}

int do_count(void)
{
	static void *(*const bodies[])(void *) = { count, count };

	map_counter();
	return run_threads(bodies, VICTIM_MUTEX_THREADS);
}

/* ---- a queue of one ------------------------------------------------------ */

static bool is_full;

/* Waits until the queue is not as it was, and changes that. */
static void *move(bool from)
{
	for (int i = 0; i < VICTIM_MUTEX_ROUNDS; i++) {
		if (pthread_mutex_lock(mutex) != 0)
			return mutex;
		while (is_full != from)
			if (pthread_cond_wait(&condition, mutex) != 0)
				return mutex;
		is_full = !from;
		count_once();
		pthread_cond_broadcast(&condition);
		pthread_mutex_unlock(mutex);
	}
	return NULL;
}

static void *produce(void *unused)
{
	(void)unused;
	return move(false);
}

static void *consume(void *unused)
{
	(void)unused;
	return move(true);
}

int do_produce_and_consume(void)
{
	static void *(*const bodies[])(void *) = { produce, consume };

	map_counter();
	return run_threads(bodies, VICTIM_MUTEX_THREADS);
}

/* ---- one wait ------------------------------------------------------------ */

static pthread_t napper;
static bool is_asleep;
static atomic_bool may_wake, is_up;
static atomic_int unlocked = -1;

/* Also where a rule may end the wait. */
static void lock_at_last(void)
{
	while (pthread_mutex_lock(mutex) != 0)
		continue;
}

static void leave(void *unused)
{
	(void)unused;
	unlocked = pthread_mutex_unlock(mutex);
	is_up = true;
}

static void *nap(void *unused)
{
	volatile int result = 0;

	(void)unused;
	lock_at_last();
	is_asleep = true;
	pthread_cleanup_push(leave, NULL);
	while (!may_wake && result == 0)
		result = pthread_cond_wait(&condition, mutex);
	pthread_cleanup_pop(1);
	return (void *)(intptr_t)result;
}

/* Returns when the thread has given the mutex up. */
int do_nap(void)
{
	bool sleeps = false;

	is_asleep = false;
	may_wake = false;
	is_up = false;
	if (pthread_create(&napper, NULL, nap, NULL) != 0)
		return EAGAIN;
	while (!sleeps) {
		lock_at_last();
		sleeps = is_asleep;
		pthread_mutex_unlock(mutex);
		sched_yield();
	}
	return 0;
}

int do_wake(void)
{
	may_wake = true;
	return pthread_cond_broadcast(&condition);
}

int do_is_up(void)
{
	return is_up;
}

int do_end_nap(void)
{
	void *result;

	pthread_join(napper, &result);
	if (result == PTHREAD_CANCELED)
		return unlocked == 0 ? ECANCELED : EPROTO;
	return result ? (int)(intptr_t)result : unlocked;
}

int do_cancel(void)
{
	return pthread_cancel(napper);
}

/* With the mutex locked before, and after. */
int do_timed_nap(void)
{
	struct timespec until = soon(CLOCK_REALTIME);

	return pthread_cond_timedwait(&condition, mutex, &until);
}

int do_clock_nap(void)
{
	struct timespec until = soon(CLOCK_MONOTONIC);

	return pthread_cond_clockwait(&condition, mutex, CLOCK_MONOTONIC,
				      &until);
}

int do_wrong_nap(void)
{
	struct timespec until = { 1, 1000000000 };

	return pthread_cond_timedwait(&condition, mutex, &until);
}
