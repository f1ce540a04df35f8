/* SPDX-License-Identifier: MIT */
/* hold.c - the portlocks that this process holds for other locks of the
 * program.
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

#include "shim/heir.h"
#include "shim/hold.h"

#define HOLDS 128

/* A try that finds the key taken asks who has it, which leaves a dead
 * connection in the holder's queue: so who tries again and again asks less and
 * less often. */
#define LOOK_FIRST (100 * PL_MSEC)
#define LOOK_LAST (10000 * PL_MSEC)

enum { FREE, MAKING, READY, LOST };

struct shim_hold {
	struct portlock_lock lock;
	uint64_t identity; /* hash of the key */
	/* By the tables' mutex: */
	int state;
	unsigned pins;
	struct turn turn; /* to wait for the portlock */
	atomic_uint drops; /* going on: not to be made anew */
	/* Of what it is held for; 1 more when it stays until the end. */
	atomic_uint count;
	atomic_bool everybodys; /* held for all threads */
	atomic_bool stays;	/* hold=exit */
	atomic_uint staying;	/* takers that will make it stay */
	bool inherited;		/* held by who forked this process, then */
	_Atomic int64_t next_look, look_pause;
};

static struct shim_hold holds[HOLDS];
static atomic_int used; /* holds from here on were never used */

/* Whose lock this thread acquires, and the holder that shim_is_inside() was
 * last asked about. */
static __thread const struct shim_hold *acquired;
static __thread pid_t holder_asked;

/* ---- the table ---------------------------------------------------------------- */

/* The key's hold, or NULL. */
static struct shim_hold *find(uint64_t identity)
{
	struct shim_hold *end = holds + atomic_load(&used);

	for (struct shim_hold *hold = holds; hold < end; hold++)
		if ((hold->state == MAKING || hold->state == READY) &&
		    hold->identity == identity)
			return hold;
	return NULL;
}

/* One for another key: never used, or not in use now. */
static struct shim_hold *find_spare(void)
{
	static unsigned turn;

	for (struct shim_hold *hold = holds; hold < holds + HOLDS; hold++)
		if (hold->state == FREE && hold->pins == 0)
			return hold;
	for (int i = 0; i < HOLDS; i++) {
		struct shim_hold *hold = &holds[turn++ % HOLDS];

		if (hold->state == READY && hold->pins == 0 &&
		    atomic_load(&hold->count) == 0 &&
		    atomic_load(&hold->drops) == 0)
			return hold;
	}
	return NULL;
}

/* Pins the key's hold; or claims one for it, in state MAKING.  NULL: none. */
static struct shim_hold *pin(uint64_t identity, bool *fresh, bool *was_used)
{
	struct shim_hold *hold = find(identity);

	*fresh = !hold;
	if (!hold)
		hold = find_spare();
	if (!hold)
		return NULL;
	hold->pins++;
	if (*fresh) {
		*was_used = hold->state == READY;
		hold->state = MAKING;
		hold->identity = identity;
		if (hold - holds >= atomic_load(&used))
			atomic_store(&used, (int)(hold - holds) + 1);
	}
	return hold;
}

/* The core is not to be called with the tables locked. */
static bool make(struct shim_hold *hold, bool was_used,
		 const struct shim_rule *rule, const char *name)
{
	bool made;

	if (was_used)
		pl_lock_fini(&hold->lock);
	atomic_store(&hold->next_look, 0);
	atomic_store(&hold->look_pause, LOOK_FIRST);
	hold->inherited = false;
	made = shim_lock_init(&hold->lock, rule, name) == 0;
	shim_tables_lock();
	hold->state = made ? READY : FREE;
	shim_tables_unlock();
	return made;
}

static bool is_made(struct shim_hold *hold)
{
	int state;

	for (;;) {
		shim_tables_lock();
		state = hold->state;
		shim_tables_unlock();
		if (state != MAKING)
			return state == READY;
		sched_yield();
	}
}

struct shim_hold *hold_get(const struct shim_rule *rule, const char *name)
{
	struct shim_hold *hold = NULL;
	bool fresh = false, was_used = false;
	char key[SHIM_KEY_MAX];

	if (shim_rule_key(rule, name, key)) {
		uint64_t identity = shim_hash(key, strlen(key));

		shim_tables_lock();
		hold = pin(identity, &fresh, &was_used);
		shim_tables_unlock();
	}
	if (hold &&
	    !(fresh ? make(hold, was_used, rule, name) : is_made(hold))) {
		hold_put(hold);
		hold = NULL;
	}
	if (!hold)
		shim_log_rule(rule, name, "no portlock: too many, or too long");
	return hold;
}

void hold_put(struct shim_hold *hold)
{
	shim_tables_lock();
	hold->pins--;
	shim_tables_unlock();
}

/* ---- taking ---------------------------------------------------------------------- */

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

bool hold_is_everybodys(const struct pl_address *address)
{
	int end = atomic_load(&used);

	for (struct shim_hold *hold = holds; hold < holds + end; hold++)
		if (strcmp(hold->lock.address.name, address->name) == 0 &&
		    (atomic_load(&hold->everybodys) ||
		     atomic_load(&hold->staying) > 0))
			return true;
	return false;
}

static bool is_inside(const struct pl_address *address, pid_t holder)
{
	holder_asked = holder;
	return shim_is_inside(address, holder);
}

bool hold_is_of_parent_alone(const struct pl_address *address)
{
	int end = atomic_load(&used);

	for (struct shim_hold *hold = holds; hold < holds + end; hold++)
		if (strcmp(hold->lock.address.name, address->name) == 0)
			return !hold->inherited;
	return false;
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

/* Once: joins or acquires.  -EAGAIN: another thread just took it, or lets it
 * go. */
static int take_once(struct shim_hold *hold, const struct hold_wait *wait,
		     int64_t deadline)
{
	int error;

	if (join(hold, wait->scope))
		return 0;
	error = acquire(hold, wait, deadline);
	if (error == 0) {
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
	error = take_once(hold, wait, deadline);
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
	int64_t limit = pl_deadline_after(rule->timeout_ms);
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

/* What the program is told of an acquire that failed. */
static int without(const struct shim_hold *hold, const struct shim_rule *rule,
		   int error)
{
	const char *key = hold->lock.address.name + strlen(PL_GATE_PREFIX);

	switch (error) {
	case -ETIMEDOUT:
		shim_log_rule(rule, key, "still held at the end of the wait");
		return error;
	case -EBUSY:
	case -EINTR:
		return error;
	case -EALREADY:
		shim_log_rule(rule, key, "an ancestor of this process has it");
		return HOLD_WITHOUT;
	case -EDEADLK: /* this thread has it for a lock of another family */
		return HOLD_WITHOUT;
	default:
		shim_log_rule(rule, key, portlock_strerror(error));
		return HOLD_WITHOUT;
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
	return result == 0 ? 0 : without(hold, rule, result);
}

int hold_take_name(const struct shim_rule *rule, const char *name,
		   const struct hold_wait *wait, struct shim_hold **hold)
{
	int result = HOLD_WITHOUT;

	*hold = hold_get(rule, name);
	if (*hold) {
		result = hold_take(*hold, rule, wait);
		hold_put(*hold);
	}
	return result;
}

/* ---- letting go ---------------------------------------------------------------- */

void hold_drop(struct shim_hold *hold)
{
	unsigned count;

	/* Until it is over: the next taker must not make another key's of it
	 * in between. */
	atomic_fetch_add(&hold->drops, 1);
	count = atomic_load(&hold->count);
	/* Never below zero: in the child of a fork nothing is held, whatever
	 * it lets go. */
	while (count > 0 && !atomic_compare_exchange_weak(&hold->count, &count,
							  count - 1))
		continue;
	if (count == 1) {
		atomic_store(&hold->everybodys, false);
		heir_forget(hold);
		portlock_release(&hold->lock);
	}
	atomic_fetch_sub(&hold->drops, 1);
}

/* ---- to and from another process -------------------------------------------------- */

struct portlock_lock *hold_lock(struct shim_hold *hold)
{
	return &hold->lock;
}

void hold_keep(struct shim_hold *hold)
{
	hold->pins++;
}

static bool give(struct shim_hold *hold, int socket, unsigned limit)
{
	unsigned count = atomic_load(&hold->count);

	do
		if (count == 0 || count > limit)
			return false;
	while (!atomic_compare_exchange_weak(&hold->count, &count, 0));
	if (pl_lock_give(&hold->lock, socket) == 0) {
		atomic_store(&hold->everybodys, false);
		return true;
	}
	atomic_fetch_add(&hold->count, count);
	return false;
}

bool hold_give(struct shim_hold *hold, int socket, unsigned limit)
{
	bool given;

	/* As in hold_drop(). */
	atomic_fetch_add(&hold->drops, 1);
	given = give(hold, socket, limit);
	atomic_fetch_sub(&hold->drops, 1);
	return given;
}

bool hold_adopt(struct shim_hold *hold, int socket)
{
	return pl_lock_adopt(&hold->lock, socket) == 0;
}

void hold_join(struct shim_hold *hold)
{
	atomic_fetch_add(&hold->count, 1);
}

bool hold_is_held(const struct shim_hold *hold)
{
	return atomic_load(&hold->count) > 0;
}

bool hold_is_shared(const struct shim_hold *hold)
{
	return atomic_load(&hold->count) > 1;
}

static void after_fork_in_child(void)
{
	for (struct shim_hold *hold = holds; hold < holds + HOLDS; hold++) {
		/* The thread that forked may wait for its child. */
		if (atomic_load(&hold->count) > 0 &&
		    (atomic_load(&hold->everybodys) ||
		     atomic_load(&hold->lock.owner) == pl_thread()))
			hold->inherited = true;
		atomic_store(&hold->count, 0);
		atomic_store(&hold->everybodys, false);
		atomic_store(&hold->stays, false);
		atomic_store(&hold->staying, 0);
		atomic_store(&hold->next_look, 0);
		atomic_store(&hold->turn.state, 0);
		atomic_store(&hold->drops, 0);
		/* Nobody will finish what another thread began. */
		if (hold->state == MAKING)
			hold->state = LOST;
	}
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, after_fork_in_child);
}
