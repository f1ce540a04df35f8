/* SPDX-License-Identifier: MIT */
/* semaphore.c - a named semaphore with the value 1, freed when its holder dies.
 *
 * Who takes one takes a portlock first and the real semaphore after it; who
 * gives it back does so in the opposite order.  Programs without the shim know
 * the real one only and are excluded by it as ever.  What the real one cannot
 * say, whether its holder lives, the portlock does: whoever has that and finds
 * the semaphore taken by a holder under the shim knows that this holder died,
 * and takes its place - if the holder took that portlock, and no other one: the
 * mark on the semaphore tells.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>

#include "lib/session.h"
#include "shim/semaphore.h"

#define NS_PER_S INT64_C(1000000000)

/* ---- waiting ------------------------------------------------------------- */

/* One wait: what the program and the rule ask for, in one. */
struct limits {
	const struct semaphore_wait *wait;
	int64_t deadline;   /* ns of CLOCK_MONOTONIC */
	bool rule_is_first; /* the deadline is the rule's */
};

/* What libc would refuse, it shall refuse. */
static bool is_valid(const struct semaphore_wait *wait)
{
	return !wait->until ||
	       (wait->until->tv_nsec >= 0 && wait->until->tv_nsec < NS_PER_S &&
		(wait->clock == CLOCK_REALTIME ||
		 wait->clock == CLOCK_MONOTONIC));
}

static struct limits limits_of(const struct semaphore *semaphore,
			       const struct semaphore_wait *wait)
{
	int64_t deadline = shim_deadline(wait->clock, wait->until);
	int64_t rules = pl_deadline_after(semaphore->rule->timeout_ms);

	return (struct limits){
		.wait = wait,
		.deadline = rules < deadline ? rules : deadline,
		.rule_is_first = rules < deadline,
	};
}

/* Timed waits of libc end at every handler, whatever its flags. */
static bool goes_on(const struct limits *limits)
{
	return !limits->wait->until && shim_all_handlers_restart();
}

static int real_wait(sem_t *sem, const struct limits *limits)
{
	const struct semaphore_wait *wait = limits->wait;
	struct timespec end = { .tv_sec = limits->deadline / NS_PER_S,
				.tv_nsec = limits->deadline % NS_PER_S };
	int result;

	if (wait->never)
		return REAL(sem_trywait)(sem);
	if (limits->rule_is_first) {
		do
			result =
				REAL(sem_clockwait)(sem, CLOCK_MONOTONIC, &end);
		while (result < 0 && errno == EINTR && goes_on(limits));
		return result;
	}
	if (!wait->until)
		return REAL(sem_wait)(sem);
	if (wait->clock == CLOCK_REALTIME)
		return REAL(sem_timedwait)(sem, wait->until);
	return REAL(sem_clockwait)(sem, wait->clock, wait->until);
}

static int take_portlock(struct semaphore *semaphore,
			 const struct limits *limits)
{
	struct pl_wait how = {
		.deadline = limits->deadline,
		.sleep = semaphore->lock.sleep,
		.queue = !limits->wait->never,
		.interruptible = true,
		.watch = -1,
		/* A try of a held one fails anyway. */
		.is_inside = limits->wait->never ? NULL : shim_is_inside,
	};
	int error = lost_can_watch(semaphore->rule)
			    ? pl_acquire(&semaphore->lock, &how)
			    : -ENOSYS;

	if (error == -EINTR && goes_on(limits)) {
		/* For good: a profiling timer would send us to the end of the
		 * queue again and again. */
		how.interruptible = false;
		error = pl_acquire(&semaphore->lock, &how);
	}
	if (error == 0 && !lost_watch_begin(&semaphore->watch, &semaphore->lock,
					    semaphore->rule)) {
		portlock_release(&semaphore->lock);
		error = -ENOSYS;
	}
	return error;
}

static void let_go(struct semaphore *semaphore)
{
	lost_watch_end(&semaphore->watch);
	portlock_release(&semaphore->lock);
}

/* Takes the real semaphore; the portlock is ours. */
static int take_real(struct semaphore *semaphore, const struct limits *limits)
{
	uint32_t holder = semaphore_holder(semaphore);
	int result = REAL(sem_trywait)(semaphore->sem);

	atomic_store(&semaphore->holder, holder);
	if (result < 0 && errno == EAGAIN) {
		if (semaphore_is_taken_by(semaphore->sem, holder)) {
			shim_log_rule(semaphore->rule, semaphore->name,
				      "recovered from a holder that died");
			return 0;
		}
		/* Somebody has it whom our portlock does not keep out. */
		result = real_wait(semaphore->sem, limits);
	}
	if (result == 0)
		semaphore_set_taken(semaphore->sem, holder);
	else
		let_go(semaphore);
	return result;
}

/* The real one excludes on this host only: that is not enough. */
static int refuse(struct semaphore *semaphore, const struct limits *limits)
{
	char detail[PL_DETAIL_SIZE];

	pl_detail_get(semaphore->lock.cluster, detail);
	if (*detail)
		shim_log_rule(semaphore->rule, semaphore->name, detail);
	errno = limits->wait->never ? EAGAIN : ETIMEDOUT;
	return -1;
}

/*
 * The portlock is not to be had.  If the thread has it already, a second wait
 * blocks until somebody else posts, as ever; the mark then says again what it
 * says of all that is taken by who has this semaphore's portlock.
 */
static int take_bare(struct semaphore *semaphore, const struct limits *limits,
		     int error)
{
	int result;

	if (error != -EDEADLK && error != -EALREADY) {
		shim_log_rule(semaphore->rule, semaphore->name,
			      portlock_strerror(pl_error_filter(error)));
		if (shim_rule_is_etcd(semaphore->rule))
			return refuse(semaphore, limits);
	}
	result = real_wait(semaphore->sem, limits);
	if (result == 0 && error == -EDEADLK && pl_is_held(&semaphore->lock))
		semaphore_set_taken(semaphore->sem,
				    atomic_load(&semaphore->holder));
	return result;
}

static int acquire(struct semaphore *semaphore, const struct limits *limits)
{
	int error = take_portlock(semaphore, limits);

	switch (error) {
	case 0:
		return take_real(semaphore, limits);
	case -EBUSY:
		errno = EAGAIN;
		return -1;
	case -EINTR:
	case -ETIMEDOUT:
		errno = -error;
		return -1;
	default:
		return take_bare(semaphore, limits, error);
	}
}

int semaphore_acquire(struct semaphore *semaphore,
		      const struct semaphore_wait *wait)
{
	struct limits limits = { .wait = wait, .deadline = PL_NEVER };
	int saved_errno = errno;
	int result, cancel;

	if (!semaphore_is_mutex(semaphore->sem) || !is_valid(wait))
		return real_wait(semaphore->sem, &limits);
	/* A thread that is cancelled half-way would keep the portlock. */
	if (!wait->never)
		pthread_testcancel();
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	limits = limits_of(semaphore, wait);
	result = acquire(semaphore, &limits);
	pthread_setcancelstate(cancel, NULL);
	if (result == 0)
		errno = saved_errno;
	return result;
}

/* ---- giving back --------------------------------------------------------- */

/* Async-signal-safe, as sem_post() is. */
int semaphore_post(struct semaphore *semaphore)
{
	/* Not in the child of a vfork(), either. */
	bool holds = pl_is_held(&semaphore->lock);
	int result;

	/* First: who dies between the two leaves what a bare program leaves,
	 * while the opposite order could make two holders. */
	if (semaphore_is_mutex(semaphore->sem))
		semaphore_set_taken(semaphore->sem, 0);
	result = REAL(sem_post)(semaphore->sem);
	if (holds)
		let_go(semaphore);
	return result;
}

/* Posts for a holder that died, so that the value is what it would be. */
static void heal(struct semaphore *semaphore, int *value)
{
	if (portlock_try_lock(&semaphore->lock) < 0)
		return;
	/* With the portlock, look again. */
	REAL(sem_getvalue)(semaphore->sem, value);
	if (*value == 0 && semaphore_is_taken_by(semaphore->sem,
						 semaphore_holder(semaphore))) {
		semaphore_set_taken(semaphore->sem, 0);
		shim_log_rule(semaphore->rule, semaphore->name,
			      "recovered from a holder that died");
		REAL(sem_post)(semaphore->sem);
		REAL(sem_getvalue)(semaphore->sem, value);
	}
	let_go(semaphore);
}

int semaphore_getvalue(struct semaphore *semaphore, int *value)
{
	int result = REAL(sem_getvalue)(semaphore->sem, value);

	if (result == 0 && *value == 0 && semaphore_is_taken(semaphore->sem))
		heal(semaphore, value);
	return result;
}
