/* SPDX-License-Identifier: MIT */
/* hold.c - the portlocks of this process for other locks: taking and letting
 * go.
 *
 * A hold is a handle and a count of what it is held for.  Who finds the count
 * above zero, and may, joins; everybody else goes the way of the core, which
 * also threads of one process wait for each other by.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "lib/session.h"
#include "shim/gate.h"
#include "shim/heir.h"
#include "shim/hold_table.h"
#include "shim/kept.h"

/* Whose lock this thread acquires, and the holder that shim_is_inside() was
 * last asked about. */
static __thread const struct shim_hold *acquired;
static __thread pid_t holder_asked;

/* Whether it is held, so that the caller need only be counted in. */
static bool join(struct shim_hold *hold, enum hold_scope scope)
{
	unsigned count = atomic_load(&hold->count);

	while (count > 0) {
		if (scope != HOLD_BY_PROCESS &&
		    !atomic_load(&hold->everybodys) &&
		    atomic_load(&hold->lock.owner) != pl_thread())
			return false;
		if (atomic_compare_exchange_weak(&hold->count, &count,
						 count + 1))
			return true;
	}
	return false;
}

/* The caller is counted in, or is the first. */
static void note(struct shim_hold *hold, const struct shim_rule *rule,
		 enum hold_scope scope)
{
	if (scope == HOLD_BY_PROCESS)
		atomic_store(&hold->everybodys, true);
	if (rule->until_exit && !atomic_exchange(&hold->stays, true)) {
		atomic_store(&hold->everybodys, true);
		atomic_fetch_add(&hold->count, 1);
	}
}

static bool is_inside(const struct pl_address *address, pid_t holder)
{
	holder_asked = holder;
	return shim_is_inside(address, holder);
}

/* Of another thread, a taker for the whole process waits until it can join;
 * but not if that has the key for a lock of another family. */
static bool is_inside_or_self(const struct pl_address *address, pid_t holder)
{
	holder_asked = holder;
	return (holder == getpid() && pl_is_held(&acquired->lock)) ||
	       shim_is_inside(address, holder);
}

/* Whether a try may ask who has the key. */
static bool may_look(struct shim_hold *hold)
{
	int64_t now = pl_now(CLOCK_MONOTONIC);
	int64_t pause = atomic_load(&hold->look_pause);

	if (now < atomic_load(&hold->next_look))
		return false;
	atomic_store(&hold->next_look, now + pause);
	if (pause < LOOK_LAST)
		atomic_store(&hold->look_pause, 2 * pause);
	return true;
}

static int acquire(struct shim_hold *hold, const struct hold_wait *wait,
		   int64_t deadline)
{
	struct pl_wait how = {
		.deadline = deadline,
		.sleep = hold->lock.sleep,
		.queue = !wait->never,
		.interruptible = wait->interruptible,
		.watch = -1,
	};
	int error;

	/* Without a look there is still what we know. */
	acquired = hold;
	holder_asked = PL_NOT_ASKED;
	if (wait->never && !may_look(hold)) {
		if (shim_is_inside(&hold->lock.address, PL_NOT_ASKED))
			return -EALREADY;
	} else {
		how.is_inside = wait->scope == HOLD_BY_PROCESS
					? is_inside_or_self
					: is_inside;
	}
	error = pl_acquire(&hold->lock, &how);
	if (error == -EINTR && !wait->never_restarts &&
	    shim_all_handlers_restart()) {
		/* For good, or a timer would cost us our place in the queue
		 * again and again. */
		how.interruptible = false;
		error = pl_acquire(&hold->lock, &how);
	}
	return error;
}

/* For our children, see inside.c. */
static void note_token(struct shim_hold *hold)
{
	/* Not portlock_token(): what stands on the gate is this host's. */
	atomic_store(&hold->token, atomic_load(&hold->lock.token));
}

/* Once: joins or acquires.  -EAGAIN: another thread just took it, or lets it
 * go. */
static int take_once(struct shim_hold *hold, const struct shim_rule *rule,
		     const struct hold_wait *wait, int64_t deadline)
{
	int error;

	if (join(hold, wait->scope))
		return 0;
	if (shim_rule_is_etcd(rule) &&
	    kept_is_inside(&hold->lock.address, false))
		return -EALREADY;
	if (!lost_can_watch(rule))
		return -ENOLCK;
	error = acquire(hold, wait, deadline);
	if (error == 0 && !lost_watch_begin(&hold->watch, &hold->lock, rule)) {
		portlock_release(&hold->lock);
		error = -ENOLCK;
	}
	if (error == 0) {
		/* Not of who tries in vain: it is another's hold. */
		hold->rule = rule;
		note_token(hold);
		atomic_store(&hold->count, 1);
		atomic_store(&hold->look_pause, LOOK_FIRST);
	} else if (error == -EALREADY && holder_asked == getpid()) {
		sched_yield();
		return -EAGAIN;
	}
	return error;
}

/* A try waits for no other thread, either. */
static int take_in_turn(struct shim_hold *hold, const struct shim_rule *rule,
			const struct hold_wait *wait, int64_t deadline)
{
	int error = 0;

	if (!wait->never)
		error = turn_take(&hold->turn, deadline, wait->interruptible);
	if (error < 0)
		return error;
	error = take_once(hold, rule, wait, deadline);
	/* Before the others look. */
	if (error == 0)
		note(hold, rule, wait->scope);
	if (!wait->never)
		turn_give(&hold->turn);
	return error;
}

static int take(struct shim_hold *hold, const struct shim_rule *rule,
		const struct hold_wait *wait)
{
	int64_t limit =
		wait->patient ? PL_NEVER : pl_deadline_after(rule->timeout_ms);
	int64_t deadline = limit < wait->deadline ? limit : wait->deadline;
	int error;

	if (join(hold, wait->scope)) {
		note(hold, rule, wait->scope);
		return 0;
	}
	do
		error = take_in_turn(hold, rule, wait, deadline);
	while (error == -EAGAIN);
	return error;
}

/* Joined is not enough, if the hold was lost to the cluster. */
static bool is_lost(struct shim_hold *hold)
{
	return hold->lock.transport == PL_ETCD && !pl_is_sure(&hold->lock);
}

int hold_missing(const struct shim_rule *rule, const struct hold_wait *wait)
{
	if (!shim_rule_is_etcd(rule))
		return HOLD_WITHOUT;
	return wait->never ? -EBUSY : -ETIMEDOUT;
}

static void explain(struct shim_hold *hold, const struct shim_rule *rule,
		    const char *key, int error)
{
	char detail[PL_DETAIL_SIZE] = "";

	shim_log_rule(rule, key, portlock_strerror(pl_error_filter(error)));
	if (hold->lock.cluster)
		pl_detail_get(hold->lock.cluster, detail);
	if (*detail)
		shim_log_rule(rule, key, detail);
}

/* What the program is told of an acquire that failed. */
static int without(struct shim_hold *hold, const struct shim_rule *rule,
		   const struct hold_wait *wait, int error)
{
	const char *key = hold->lock.address.name + strlen(PL_GATE_PREFIX);

	switch (error) {
	case -ETIMEDOUT:
		shim_log_rule(rule, key, "still held at the end of the wait");
		return error;
	case -EBUSY:
	case -EINTR:
		return error;
	case -ENOLCK: /* nobody would watch it, as has been told */
		return hold_missing(rule, wait);
	case -EALREADY:
		shim_log_rule(rule, key, "an ancestor of this process has it");
		return HOLD_WITHOUT;
	case -EDEADLK: /* this thread has it for a lock of another family */
		return HOLD_WITHOUT;
	default:
		explain(hold, rule, key, error);
		return hold_missing(rule, wait);
	}
}

int hold_take(struct shim_hold *hold, const struct shim_rule *rule,
	      const struct hold_wait *wait)
{
	int error = errno, result, cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	heir_claim(hold, false);
	if (rule->until_exit)
		atomic_fetch_add(&hold->staying, 1);
	result = take(hold, rule, wait);
	if (rule->until_exit)
		atomic_fetch_sub(&hold->staying, 1);
	pthread_setcancelstate(cancel, NULL);
	errno = error;
	if (result == 0 && is_lost(hold)) {
		hold_drop(hold);
		shim_log_rule(rule,
			      hold->lock.address.name + strlen(PL_GATE_PREFIX),
			      "was lost to the cluster");
		return hold_missing(rule, wait);
	}
	return result == 0 ? 0 : without(hold, rule, wait, result);
}

int hold_take_name(const struct shim_rule *rule, const char *name,
		   const struct hold_wait *wait, struct shim_hold **hold)
{
	int result = hold_missing(rule, wait);

	*hold = hold_get(rule, name);
	if (*hold) {
		result = hold_take(*hold, rule, wait);
		hold_put(*hold);
	}
	return result;
}

bool hold_is_inside(const struct shim_hold *hold, bool others)
{
	const struct pl_address *address = &hold->lock.address;
	int cancel = shim_whole_begin();
	bool inside = shim_is_inside(address, PL_NOT_ASKED) ||
		      kept_is_inside(address, others);

	shim_whole_end(cancel);
	return inside;
}

void hold_tell_locker(const struct shim_hold *hold, int file)
{
	int cancel;

	if (hold->lock.transport != PL_ETCD)
		return;
	cancel = shim_whole_begin();
	kept_tell_locker(&hold->lock.address, file);
	shim_whole_end(cancel);
}

bool hold_tell_end(const struct shim_hold *hold, bool ends)
{
	/* Somebody may have joined since it was told that it ends. */
	bool wanted = hold->lock.transport == PL_ETCD &&
		      (!ends || atomic_load(&hold->count) == 1);

	if (wanted)
		pl_sign_ending(&hold->lock, ends);
	return wanted;
}

void hold_outlive(struct shim_hold *hold, int fd)
{
	lost_outlive(&hold->watch, &hold->lock, hold->rule, fd);
}

bool hold_outlives(struct shim_hold *hold)
{
	return lost_outlives(&hold->watch);
}

/* ---- letting go ---------------------------------------------------------- */

void hold_drop(struct shim_hold *hold)
{
	int cancel = shim_whole_begin();
	unsigned count;

	/* Until it is over: the next taker must not make another key's of it
	 * in between. */
	atomic_fetch_add(&hold->drops, 1);
	count = atomic_load(&hold->count);
	/* Never below zero: in the child of a fork nothing is held, whatever
	 * it lets go. */
	while (count > 0 &&
	       !atomic_compare_exchange_weak(&hold->count, &count, count - 1))
		continue;
	if (count == 1) {
		atomic_store(&hold->everybodys, false);
		heir_forget(hold);
		lost_watch_end(&hold->watch);
		portlock_release(&hold->lock);
	} else if (count > 1 && hold->lock.transport == PL_ETCD) {
		/* Somebody joined after hold_tell_end(). */
		pl_sign_ending(&hold->lock, false);
	}
	atomic_fetch_sub(&hold->drops, 1);
	shim_whole_end(cancel);
}
