/* SPDX-License-Identifier: MIT */
/* sysvsem_take.c - to take a System V semaphore that is a mutex. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "shim/sysvsem.h"

#define NS_PER_S INT64_C(1000000000)

/* After a wait, for what is left of the time. */
static int real_until(const struct sysvsem_call *call,
		      struct sembuf *operations, int64_t deadline)
{
	int64_t left = deadline;
	struct timespec timeout;

	if (deadline == PL_NEVER)
		return REAL(semop)(call->set, operations, call->count);
	left -= pl_now(CLOCK_MONOTONIC);
	if (left < 0)
		left = 0;
	timeout = (struct timespec){ .tv_sec = left / NS_PER_S,
				     .tv_nsec = left % NS_PER_S };
	return REAL(semtimedop)(call->set, operations, call->count, &timeout);
}

/* False: the timeout is none, which the kernel shall say. */
static bool find_deadline(struct sysvsem_call *call)
{
	const struct timespec *timeout = call->timeout;
	int64_t left;

	call->deadline = PL_NEVER;
	if (!timeout)
		return true;
	if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
	    timeout->tv_nsec >= NS_PER_S)
		return false;
	if (!__builtin_mul_overflow((int64_t)timeout->tv_sec, NS_PER_S,
				    &left) &&
	    !__builtin_add_overflow(left, timeout->tv_nsec, &left) &&
	    !__builtin_add_overflow(left, pl_now(CLOCK_MONOTONIC), &left))
		call->deadline = left;
	return true;
}

static struct shim_hold *hold_of(struct sysvsem *semaphore)
{
	struct shim_hold *hold = atomic_load(&semaphore->hold), *none = NULL;

	if (hold)
		return hold;
	hold = hold_get(semaphore->rule, semaphore->text);
	if (hold &&
	    !atomic_compare_exchange_strong(&semaphore->hold, &none, hold)) {
		hold_put(hold);
		hold = none;
	}
	return hold;
}

/* Whether it is free, or has been seen free by this process. */
static bool is_mutex(const struct sysvsem_call *call, struct sysvsem *semaphore)
{
	int value;

	if (atomic_load(&semaphore->use) != SYSVSEM_UNKNOWN)
		return atomic_load(&semaphore->use) != SYSVSEM_OTHER;
	value = sysvsem_value(call->set, call->operations[0].sem_num);
	if (value > 1)
		sysvsem_pass(semaphore);
	return value == 1;
}

static bool is_try(const struct sysvsem_call *call)
{
	return (call->operations[0].sem_flg |
		call->operations[call->count - 1].sem_flg) &
	       IPC_NOWAIT;
}

/* With a timeout= in the rule also a try waits. */
static bool tries_wait(const struct sysvsem *semaphore)
{
	return semaphore->rule->timeout_ms >= 0;
}

/* The portlock is held, or not to be had. */
static int take_real(const struct sysvsem_call *call, struct sysvsem *semaphore,
		     enum sysvsem_use use, bool held)
{
	struct sembuf operations[2];
	struct sembuf *last = &operations[call->count - 1];
	bool undo;
	int result;

	memcpy(operations, call->operations, call->count * sizeof(*operations));
	undo = !(last->sem_flg & SEM_UNDO);
	/* What an ancestor has, a try finds taken. */
	if (held && tries_wait(semaphore))
		for (size_t i = 0; i < call->count; i++)
			operations[i].sem_flg &= (short)~IPC_NOWAIT;
	last->sem_flg |= SEM_UNDO;
	result = real_until(call, operations, call->deadline);
	if (result < 0 && undo &&
	    (errno == ERANGE || errno == ENOSPC || errno == ENOMEM)) {
		undo = false;
		result = real_until(call, call->operations, call->deadline);
	}
	if (result == 0) {
		atomic_store(&semaphore->use, use);
		atomic_store(&semaphore->undo, undo);
		atomic_store(&semaphore->held, held);
		atomic_store(&semaphore->owner, pl_thread());
	} else if (held) {
		hold_drop(atomic_load(&semaphore->hold));
	}
	return result;
}

/* The thread has it: so somebody else gives it back, which no mutex has. */
static int take_again(const struct sysvsem_call *call,
		      struct sysvsem *semaphore)
{
	bool held = atomic_load(&semaphore->held);
	int result = sysvsem_real(call);

	if (result == 0) {
		sysvsem_pass(semaphore);
		sysvsem_let_go(semaphore, pl_thread(), held);
	}
	return result;
}

static int take_in_turn(struct sysvsem_call *call, struct sysvsem *semaphore,
			enum sysvsem_use use)
{
	struct shim_hold *hold = hold_of(semaphore);
	int64_t limit = pl_deadline_after(semaphore->rule->timeout_ms);
	int64_t theirs = call->deadline;
	struct hold_wait wait = {
		.scope = HOLD_BY_THREAD,
		.never = is_try(call) && !tries_wait(semaphore),
		.interruptible = true,
		.never_restarts = true,
		.deadline = limit < theirs ? limit : theirs,
	};
	int taken = hold ? hold_take(hold, semaphore->rule, &wait)
			 : hold_missing(semaphore->rule, &wait);

	if (taken < 0) {
		errno = taken == -EINTR ? EINTR : EAGAIN;
		return -1;
	}
	if (use == SYSVSEM_DOWN && !is_mutex(call, semaphore)) {
		if (taken == 0)
			hold_drop(hold);
		return real_until(call, call->operations, theirs);
	}
	call->deadline = wait.deadline;
	return take_real(call, semaphore, use, taken == 0);
}

int sysvsem_take(struct sysvsem_call *call, enum sysvsem_use use)
{
	struct sysvsem *semaphore =
		sysvsem_get(call->set, call->operations[0].sem_num);

	if (!semaphore || !find_deadline(call))
		return sysvsem_real(call);
	/* What counts need not wait for a portlock first. */
	if (use == SYSVSEM_DOWN)
		is_mutex(call, semaphore);
	if (atomic_load(&semaphore->use) == SYSVSEM_OTHER)
		return sysvsem_real(call);
	if (atomic_load(&semaphore->owner) == pl_thread())
		return take_again(call, semaphore);
	return take_in_turn(call, semaphore, use);
}
