/* SPDX-License-Identifier: MIT */
/* semaphore.c - a named semaphore with the value 1, freed when its holder dies.
 *
 * Who takes one takes a portlock first and the real semaphore after it; who
 * gives it back does so in the opposite order.  Programs without the shim know
 * the real one only and are excluded by it as ever.  What the real one cannot
 * say, whether its holder lives, the portlock does: whoever has that and finds
 * the semaphore taken by a holder under the shim knows that this holder died,
 * and takes its place.
 *
 * So two facts belong to the semaphore and must be known to all processes that
 * have it open: that it is a mutex, and that a holder under the shim took it.
 * They are kept in its last four bytes, which libc zeroes and never uses.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "shim/semaphore.h"

#define NS_PER_S INT64_C(1000000000)
#define MUTEX 0x504c

struct mark {
	_Atomic uint16_t kind; /* MUTEX or 0 */
	_Atomic uint16_t held; /* 1: taken under the shim */
};

/* libc uses 16 of 32 bytes, or 12 of 16. */
_Static_assert(sizeof(sem_t) == (sizeof(long) == 8 ? 32 : 16),
	       "unknown layout of sem_t");
_Static_assert(sizeof(struct mark) == 4, "the mark fills four bytes");

static struct mark *mark_of(sem_t *sem)
{
	return (struct mark *)((char *)sem + sizeof(*sem)) - 1;
}

static bool is_mutex(sem_t *sem)
{
	return atomic_load(&mark_of(sem)->kind) == MUTEX;
}

/*
 * A mutex is free (1) or, by the word of who would create it with 1, taken.
 * A plain 0 may be one that waits for its first event, more than 1 is a count.
 */
bool semaphore_judge(sem_t *sem, int initial)
{
	int value = -1;

	if (is_mutex(sem))
		return true;
	REAL(sem_getvalue)(sem, &value);
	if (initial == 1 ? value != 0 && value != 1
			 : initial >= 0 || value != 1)
		return false;
	atomic_store(&mark_of(sem)->kind, MUTEX);
	return true;
}

/* ---- waiting ---------------------------------------------------------------- */

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

static int64_t program_deadline(const struct semaphore_wait *wait)
{
	int64_t left, deadline;

	if (!wait->until || wait->until->tv_sec >= PL_NEVER / NS_PER_S)
		return PL_NEVER;
	if (wait->until->tv_sec < 0)
		return 0;
	left = wait->until->tv_sec * NS_PER_S + wait->until->tv_nsec -
	       pl_now(wait->clock);
	if (__builtin_add_overflow(pl_now(CLOCK_MONOTONIC), left, &deadline))
		return PL_NEVER;
	return deadline;
}

static struct limits limits_of(const struct semaphore *semaphore,
			       const struct semaphore_wait *wait)
{
	int64_t deadline = program_deadline(wait);
	int64_t rules = pl_deadline_after(semaphore->rule->timeout_ms);

	return (struct limits){
		.wait = wait,
		.deadline = rules < deadline ? rules : deadline,
		.rule_is_first = rules < deadline,
	};
}

/* What comes of the program's own faults interrupts no wait; crash handlers
 * for it are common. */
static bool is_fault(int number)
{
	switch (number) {
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGSEGV:
	case SIGSYS:
	case SIGTRAP:
		return true;
	default:
		return false;
	}
}

/*
 * libc's sem_wait() goes on after a handler with SA_RESTART, ppoll() never
 * does, and who installs such handlers may well not look at what sem_wait()
 * returns.  Nobody tells which handler ran, so: is there one without?
 */
static bool all_handlers_restart(void)
{
	struct sigaction action;

	for (int number = 1; number < NSIG; number++)
		if (!is_fault(number) &&
		    sigaction(number, NULL, &action) == 0 &&
		    action.sa_handler != SIG_DFL &&
		    action.sa_handler != SIG_IGN &&
		    !(action.sa_flags & SA_RESTART))
			return false;
	return true;
}

/* Timed waits of libc end at every handler, whatever its flags. */
static bool goes_on(const struct limits *limits)
{
	return !limits->wait->until && all_handlers_restart();
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
	};
	int error = pl_acquire(&semaphore->lock, &how);

	if (error == -EINTR && goes_on(limits)) {
		/* For good: a profiling timer would send us to the end of the
		 * queue again and again. */
		how.interruptible = false;
		error = pl_acquire(&semaphore->lock, &how);
	}
	return error;
}

/* Takes the real semaphore; the portlock is ours. */
static int take_real(struct semaphore *semaphore, const struct limits *limits)
{
	struct mark *mark = mark_of(semaphore->sem);
	int result = REAL(sem_trywait)(semaphore->sem);

	if (result < 0 && errno == EAGAIN) {
		if (atomic_load(&mark->held)) {
			shim_log(SHIM_SEM, semaphore->name,
				 "recovered from a holder that died");
			return 0;
		}
		/* A program without the shim has it. */
		result = real_wait(semaphore->sem, limits);
	}
	if (result == 0)
		atomic_store(&mark->held, 1);
	else
		portlock_release(&semaphore->lock);
	return result;
}

/*
 * The portlock is not to be had.  If the thread has it already, a second wait
 * blocks until somebody else posts, as ever; held then says again what it says
 * of all that is taken by who has this semaphore's portlock.
 */
static int take_bare(struct semaphore *semaphore, const struct limits *limits,
		     int error)
{
	int result;

	if (error != -EDEADLK)
		shim_log(SHIM_SEM, semaphore->name, portlock_strerror(error));
	result = real_wait(semaphore->sem, limits);
	if (result == 0 && error == -EDEADLK &&
	    portlock_has_locked(&semaphore->lock))
		atomic_store(&mark_of(semaphore->sem)->held, 1);
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

	if (!is_mutex(semaphore->sem) || !is_valid(wait))
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

/* ---- giving back -------------------------------------------------------------- */

/* Async-signal-safe, as sem_post() is. */
int semaphore_post(struct semaphore *semaphore)
{
	bool holds =
		shim_same_process() && portlock_has_locked(&semaphore->lock);
	int result;

	/* First: who dies between the two leaves what a bare program leaves,
	 * while the opposite order could make two holders. */
	if (is_mutex(semaphore->sem))
		atomic_store(&mark_of(semaphore->sem)->held, 0);
	result = REAL(sem_post)(semaphore->sem);
	if (holds)
		portlock_release(&semaphore->lock);
	return result;
}

/* Posts for a holder that died, so that the value is what it would be. */
static void heal(struct semaphore *semaphore, int *value)
{
	struct mark *mark = mark_of(semaphore->sem);

	if (portlock_try_lock(&semaphore->lock) < 0)
		return;
	/* With the portlock, look again. */
	REAL(sem_getvalue)(semaphore->sem, value);
	if (*value == 0 && atomic_exchange(&mark->held, 0)) {
		shim_log(SHIM_SEM, semaphore->name,
			 "recovered from a holder that died");
		REAL(sem_post)(semaphore->sem);
		REAL(sem_getvalue)(semaphore->sem, value);
	}
	portlock_release(&semaphore->lock);
}

int semaphore_getvalue(struct semaphore *semaphore, int *value)
{
	int result = REAL(sem_getvalue)(semaphore->sem, value);

	if (result == 0 && *value == 0 && is_mutex(semaphore->sem) &&
	    atomic_load(&mark_of(semaphore->sem)->held))
		heal(semaphore, value);
	return result;
}
