/* SPDX-License-Identifier: MIT */
/* sysvsem.c - a System V semaphore that is a mutex, freed when its holder dies.
 *
 * Who takes one takes a portlock first and the semaphore after it; who gives it
 * back does so in the opposite order.  Both ways have SEM_UNDO, so that what
 * the kernel would undo when the process ends is always what it still has.
 * Only who took it with SEM_UNDO may give it back so: it would leave the
 * opposite otherwise, and a value that nobody can explain.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "shim/sysvsem.h"

#define OPERATIONS 500 /* the kernel's own limit, unless raised */

int sysvsem_real(const struct sysvsem_call *call)
{
	if (call->timeout)
		return REAL(semtimedop)(call->set, call->operations,
					call->count, call->timeout);
	return REAL(semop)(call->set, call->operations, call->count);
}

/* -1 if it cannot be seen. */
int sysvsem_value(int set, unsigned number)
{
	return REAL(semctl)(set, (int)number, GETVAL);
}

static int free_value(const struct sysvsem *semaphore)
{
	return atomic_load(&semaphore->use) == SYSVSEM_UP ? 0 : 1;
}

void sysvsem_pass(struct sysvsem *semaphore)
{
	if (atomic_exchange(&semaphore->use, SYSVSEM_OTHER) != SYSVSEM_OTHER)
		shim_log_rule(semaphore->rule, semaphore->text,
			      "no mutex: passes through");
}

/* ---- giving back --------------------------------------------------------- */

/* What of it that owner had is given back; unless there is a new one. */
void sysvsem_let_go(struct sysvsem *semaphore, uint64_t owner, bool held)
{
	/* Nobody's is not let go: held is still what its last owner had. */
	if (owner &&
	    atomic_compare_exchange_strong(&semaphore->owner, &owner, 0) &&
	    held)
		hold_drop(atomic_load(&semaphore->hold));
}

/* What the operations do to the value, all in all. */
static int sum(const struct sysvsem_call *call, unsigned number)
{
	int all = 0;

	for (size_t i = 0; i < call->count; i++)
		if (call->operations[i].sem_num == number)
			all += call->operations[i].sem_op;
	return all;
}

static bool gives_back(const struct sysvsem *semaphore, int change)
{
	return change == (atomic_load(&semaphore->use) == SYSVSEM_UP ? -1 : 1);
}

static bool is_owned(const struct sysvsem_call *call, size_t index,
		     struct sysvsem **semaphore)
{
	*semaphore = sysvsem_find(call->set, call->operations[index].sem_num);
	return *semaphore && atomic_load(&(*semaphore)->owner);
}

static bool owns_any(const struct sysvsem_call *call)
{
	struct sysvsem *semaphore;

	for (size_t i = 0; i < call->count; i++)
		if (is_owned(call, i, &semaphore))
			return true;
	return false;
}

/* Something is done to semaphores that this process has. */
static int give(const struct sysvsem_call *call)
{
	struct given {
		struct sysvsem *semaphore;
		uint64_t owner;
		bool held;
	} given[8];
	struct sembuf operations[OPERATIONS];
	size_t count = 0;
	int result, error = errno;

	memcpy(operations, call->operations, call->count * sizeof(*operations));
	for (size_t i = 0; i < call->count; i++) {
		struct sysvsem *semaphore;

		if (!is_owned(call, i, &semaphore))
			continue;
		if (atomic_load(&semaphore->undo))
			operations[i].sem_flg |= SEM_UNDO;
		if (count < sizeof(given) / sizeof(given[0]) &&
		    gives_back(semaphore, sum(call, operations[i].sem_num)))
			given[count++] =
				(struct given){ semaphore,
						atomic_load(&semaphore->owner),
						atomic_load(&semaphore->held) };
	}
	result = call->timeout
			 ? REAL(semtimedop)(call->set, operations, call->count,
					    call->timeout)
			 : REAL(semop)(call->set, operations, call->count);
	if (result == 0 || errno == EIDRM || errno == EINVAL) {
		if (result < 0)
			error = errno;
		while (count-- > 0)
			sysvsem_let_go(given[count].semaphore,
				       given[count].owner, given[count].held);
		errno = error;
	}
	return result;
}

/*
 * This process gives back what it did not take.  If a process under the shim
 * did, the kernel would undo that one's half later; to set the value ends all
 * undoing.  Whether one did: then it still has the portlock.
 */
static int give_for_another(const struct sysvsem_call *call,
			    struct sysvsem *semaphore)
{
	const struct hold_wait wait = { .scope = HOLD_BY_THREAD,
					.never = true };
	unsigned number = call->operations[0].sem_num;
	int to = free_value(semaphore), error = errno;
	struct shim_hold *hold;
	int taken = HOLD_WITHOUT;

	if (sysvsem_value(call->set, number) != !to) {
		errno = error;
		return sysvsem_real(call);
	}
	hold = hold_get(semaphore->rule, semaphore->text);
	if (hold) {
		taken = hold_take(hold, semaphore->rule, &wait);
		if (taken == 0)
			hold_drop(hold);
		hold_put(hold);
	}
	if (!hold || taken == 0)
		return sysvsem_real(call);
	return REAL(semctl)(call->set, (int)number, SETVAL,
			    (union semun){ .val = to });
}

/* Nothing that takes, on semaphores that this process does not have. */
static int pass(const struct sysvsem_call *call)
{
	for (size_t i = 0; i < call->count; i++) {
		const struct sembuf *one = &call->operations[i];
		struct sysvsem *semaphore =
			one->sem_op ? sysvsem_get(call->set, one->sem_num)
				    : NULL;

		if (!semaphore || atomic_load(&semaphore->use) == SYSVSEM_OTHER)
			continue;
		if (call->count == 1 && gives_back(semaphore, one->sem_op))
			return give_for_another(call, semaphore);
		sysvsem_pass(semaphore);
	}
	return sysvsem_real(call);
}

/* How the operations would take a mutex, if it is one; OTHER: in no way. */
static enum sysvsem_use use_of(const struct sysvsem_call *call)
{
	const struct sembuf *operations = call->operations;
	const struct sysvsem *semaphore;

	if (call->count == 2 && operations[0].sem_op == 0 &&
	    operations[1].sem_op == 1 &&
	    operations[0].sem_num == operations[1].sem_num)
		return SYSVSEM_UP;
	if (call->count != 1 || operations[0].sem_op != -1)
		return SYSVSEM_OTHER;
	semaphore = sysvsem_find(call->set, operations[0].sem_num);
	return semaphore && atomic_load(&semaphore->use) == SYSVSEM_UP
		       ? SYSVSEM_OTHER
		       : SYSVSEM_DOWN;
}

int sysvsem_operate(int set, struct sembuf *operations, size_t count,
		    const struct timespec *timeout)
{
	struct sysvsem_call call = { set, operations, count, timeout,
				     PL_NEVER };
	enum sysvsem_use use;
	int result, error = errno;

	if (!operations || count == 0 || count > OPERATIONS ||
	    (count == 1 && sysvsem_is_unmatched(set, operations->sem_num)))
		return sysvsem_real(&call);
	use = use_of(&call);
	if (use == SYSVSEM_OTHER && owns_any(&call))
		return shim_same_process() ? give(&call) : sysvsem_real(&call);
	if (!shim_enter())
		return sysvsem_real(&call);
	result = use == SYSVSEM_OTHER ? pass(&call) : sysvsem_take(&call, use);
	shim_leave();
	if (result == 0)
		errno = error;
	return result;
}

/* ---- semctl() ------------------------------------------------------------ */

/* The kernel has forgotten what to undo. */
static void was_set(struct sysvsem *semaphore, int value)
{
	uint64_t owner = atomic_load(&semaphore->owner);
	bool held = atomic_load(&semaphore->held);

	if (owner) {
		atomic_store(&semaphore->undo, false);
		if (value == free_value(semaphore))
			sysvsem_let_go(semaphore, owner, held);
	} else if (value > 1) {
		sysvsem_pass(semaphore);
	} else if (value == 1 && atomic_load(&semaphore->use) != SYSVSEM_UP) {
		atomic_store(&semaphore->use, SYSVSEM_DOWN);
	}
}

void sysvsem_was_set(int set, int number, const union semun *argument, bool all)
{
	struct sysvsem *one = NULL;

	if (!all) {
		one = sysvsem_get(set, (unsigned)number);
		if (one)
			was_set(one, argument->val);
		return;
	}
	while ((one = sysvsem_next(set, one)))
		was_set(one, argument->array[(atomic_load(&one->name) - 1) &
					     0xffff]);
}

void sysvsem_was_removed(int set)
{
	struct sysvsem *one = NULL;

	while ((one = sysvsem_next(set, one)))
		sysvsem_let_go(one, atomic_load(&one->owner),
			       atomic_load(&one->held));
	sysvsem_forget(set);
}
