/* SPDX-License-Identifier: MIT */
/* mutex.c - a private mutex that is a portlock as well.
 *
 * Who locks one takes the portlock first and the real mutex after it, so who
 * waits for another process keeps no thread of this one out; and unlocks in the
 * opposite order.  A wait for a condition gives both away, and has to take them
 * in the same order again: see come_back().
 */
#include "config.h"

#include <errno.h>

#include "shim/mutex.h"

#define PAUSE_MS 1000
#define NS_PER_S INT64_C(1000000000)

/* Set for threads that may end with a robust mutex. */
static pthread_key_t ends;

/* ---- the calls themselves ------------------------------------------------ */

static int real_lock(pthread_mutex_t *real, const struct mutex_wait *wait)
{
	if (wait->never)
		return REAL(pthread_mutex_trylock)(real);
	if (!wait->until)
		return REAL(pthread_mutex_lock)(real);
	if (wait->clock == CLOCK_REALTIME)
		return REAL(pthread_mutex_timedlock)(real, wait->until);
	return REAL(pthread_mutex_clocklock)(real, wait->clock, wait->until);
}

static int real_sleep(pthread_cond_t *condition, pthread_mutex_t *real,
		      const struct mutex_wait *wait)
{
	if (!wait->until)
		return REAL(pthread_cond_wait)(condition, real);
	/* Whose clock is the condition's. */
	if (wait->clock == MUTEX_CLOCK_OF_CONDITION)
		return REAL(pthread_cond_timedwait)(condition, real,
						    wait->until);
	return REAL(pthread_cond_clockwait)(condition, real, wait->clock,
					    wait->until);
}

/* ---- who has it ---------------------------------------------------------- */

/* No function tells it, but it is a part of the ABI. */
static bool is_robust(const pthread_mutex_t *real)
{
	return real->__data.__kind & 16;
}

/* The caller has the real mutex, and the hold for it. */
static void note(struct mutex *mutex)
{
	atomic_fetch_add(&mutex->taken, 1);
	atomic_store(&mutex->owner, pl_thread());
	if (is_robust(mutex->real))
		pthread_setspecific(ends, mutex);
}

static bool is_taken(struct mutex *mutex)
{
	return atomic_load(&mutex->taken) > 0;
}

static bool is_taken_by_caller(struct mutex *mutex)
{
	return is_taken(mutex) && atomic_load(&mutex->owner) == pl_thread();
}

/* Drops the hold once, if it is still there. */
static void drop(struct mutex *mutex)
{
	unsigned taken = atomic_load(&mutex->taken);

	do
		if (taken == 0)
			return;
	while (!atomic_compare_exchange_weak(&mutex->taken, &taken, taken - 1));
	hold_drop(mutex->hold);
}

/* A thread ends: the next one to lock its robust mutexes shall be told so, and
 * needs the portlock for that. */
static void thread_ends(void *unused)
{
	struct mutex *mutex = NULL;

	(void)unused;
	while ((mutex = mutex_next(mutex)))
		while (is_robust(mutex->real) && is_taken_by_caller(mutex))
			drop(mutex);
}

/* ---- locking ------------------------------------------------------------- */

/* What libc looks at only if it must wait. */
static bool is_time(const struct timespec *until)
{
	return !until || (until->tv_nsec >= 0 && until->tv_nsec < NS_PER_S);
}

/* 0 or HOLD_WITHOUT; or what the call returns, negative. */
static int take(struct mutex *mutex, const struct mutex_wait *wait)
{
	const struct hold_wait how = {
		.scope = HOLD_BY_THREAD,
		.never = wait->never || !is_time(wait->until),
		.deadline = shim_deadline(wait->clock, wait->until),
	};
	int result = hold_take(mutex->hold, mutex->rule, &how);

	if (result == -EBUSY && !wait->never)
		return -EINVAL;
	/* The rule's end of a wait that has none. */
	if (result == -ETIMEDOUT && !wait->until)
		return wait->never ? -EBUSY : -EAGAIN;
	return result;
}

/* The real mutex, with the hold if taken is 0. */
static int lock_real(struct mutex *mutex, const struct mutex_wait *wait,
		     int taken)
{
	int result = real_lock(mutex->real, wait);

	if (taken != 0)
		return result;
	if (result == 0 || result == EOWNERDEAD)
		note(mutex);
	else
		hold_drop(mutex->hold);
	return result;
}

int mutex_lock(struct mutex *mutex, const struct mutex_wait *wait)
{
	int taken = take(mutex, wait);

	return taken < 0 ? -taken : lock_real(mutex, wait, taken);
}

int mutex_unlock(struct mutex *mutex)
{
	/* Looked at while it is ours: afterwards it may be another's. */
	bool drops = is_taken(mutex);
	int result = REAL(pthread_mutex_unlock)(mutex->real);

	if (result == 0 && drops)
		drop(mutex);
	return result;
}

/* ---- waiting for a condition --------------------------------------------- */

/* Without the timeout= of the rule: the program cannot go on without. */
static int take_patiently(struct mutex *mutex, bool never)
{
	const struct hold_wait how = {
		.scope = HOLD_BY_THREAD,
		.never = never,
		.patient = true,
		.deadline = PL_NEVER,
	};
	int result;

	/* A cluster that is out of reach now may come back. */
	while ((result = hold_take(mutex->hold, mutex->rule, &how)) ==
	       -ETIMEDOUT)
		pl_poll(NULL, 0, pl_deadline_after(PAUSE_MS));
	return result;
}

/*
 * The thread is awake again with the real mutex, but without the portlock: it
 * has to let the one go, or it would keep out a thread that has the other.  So
 * it wakes later than it could, and looks at its condition anyway.
 */
static int come_back(struct mutex *mutex, int result)
{
	static const struct mutex_wait wait = { .until = NULL };
	int error;

	if (!shim_enter())
		return result;
	if (result == EOWNERDEAD) {
		/* To let that go would make it unusable. */
		if (take_patiently(mutex, true) == 0)
			note(mutex);
	} else {
		REAL(pthread_mutex_unlock)(mutex->real);
		error = lock_real(mutex, &wait, take_patiently(mutex, false));
		if (error != 0)
			result = error;
	}
	shim_leave();
	return result;
}

/* The program's own clean-up runs after this, and unlocks. */
static void cancelled(void *mutex)
{
	come_back(mutex, 0);
}

int mutex_sleep(struct mutex *mutex, pthread_cond_t *condition,
		const struct mutex_wait *wait)
{
	int result;

	if (!is_taken_by_caller(mutex))
		return real_sleep(condition, mutex->real, wait);
	drop(mutex);
	pthread_cleanup_push(cancelled, mutex);
	result = real_sleep(condition, mutex->real, wait);
	pthread_cleanup_pop(0);
	/* Not locked any more. */
	if (result == EPERM || result == ENOTRECOVERABLE)
		return result;
	return come_back(mutex, result);
}

/* ---- processes ----------------------------------------------------------- */

/* What the parent had locked is locked here as well, but without portlocks. */
static void after_fork_in_child(void)
{
	struct mutex *mutex = NULL;

	while ((mutex = mutex_next(mutex)))
		atomic_store(&mutex->taken, 0);
}

__attribute__((constructor)) static void prepare(void)
{
	pthread_key_create(&ends, thread_ends);
	pthread_atfork(NULL, NULL, after_fork_in_child);
}
