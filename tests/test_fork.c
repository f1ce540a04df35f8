/* SPDX-License-Identifier: MIT */
/* test_fork.c - a forked child holds nothing and keeps nothing from others. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/support.h"

/* A process that forks a child of its own: in its parts' order of play. */
struct family {
	const char *key;
	portlock_t *lock;
};

static void hear_the_end(struct child *parent)
{
	int64_t number;

	while (hear_or_end(parent, &number))
		;
}

/* Kills it and returns when it has no descriptor any more; child_end() later
 * ends its own child as well. */
static void kill_only(struct child *child)
{
	siginfo_t info;

	kill(child->pid, SIGKILL);
	require(waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT) == 0);
}

static void tell_what_it_holds(struct child *parent, void *lock)
{
	say(parent, portlock_has_locked(lock));
	say(parent, (int64_t)portlock_token(lock));
	say(parent, portlock_release(lock));
	hear_the_end(parent);
}

static void a_child_holds_nothing_and_its_release_has_no_effect(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *other = contender_start(key->text, "tcp");
	struct child *child;
	uint64_t token;

	assert_int_equal(portlock_acquire(lock), 0);
	token = portlock_token(lock);
	child = child_start(tell_what_it_holds, lock);
	assert_int_equal(hear(child), false);
	assert_int_equal(hear(child), 0);
	assert_int_equal(hear(child), 0);
	assert_true(portlock_has_locked(lock));
	assert_true(portlock_token(lock) == token);
	assert_int_equal(contender_try(other), -EBUSY);
	assert_int_equal(ports_bound(key), 3);
	assert_int_equal(child_end(child), 0);
	portlock_close(lock);
}

static void live(struct child *parent, void *argument)
{
	(void)argument;
	say(parent, 0);
	hear_the_end(parent);
}

static void the_parents_release_frees_although_the_child_lives(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *child;

	assert_int_equal(portlock_acquire(lock), 0);
	child = child_start(live, NULL);
	hear(child);
	portlock_release(lock);
	assert_false(gate_is_bound(key->text));
	assert_int_equal(ports_bound(key), 0);
	assert_int_equal(child_end(child), 0);
	portlock_close(lock);
}

static void the_parents_hand_over_reaches_the_waiter(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *other = contender_start(key->text, "tcp");
	struct child *child;

	assert_int_equal(portlock_acquire(lock), 0);
	contender_queue(other, key->text, -1);
	child = child_start(live, NULL);
	hear(child);
	portlock_release(lock);
	assert_int_equal(contender_result(other), 0);
	contender_release(other);
	assert_false(gate_is_bound(key->text));
	assert_int_equal(child_end(child), 0);
	portlock_close(lock);
}

static void hold_fork_and_live(struct child *parent, void *argument)
{
	struct family *family = argument;

	family->lock = open_lock(family->key, "tcp");
	require(portlock_acquire(family->lock) == 0);
	if (fork() == 0)
		say(parent, 0);
	hear_the_end(parent);
	_exit(0);
}

static void a_dead_parents_lock_is_free_although_the_child_lives(void **state)
{
	struct key *key = *state;
	struct family family = { .key = key->text };
	struct child *parent = child_start(hold_fork_and_live, &family);
	struct child *other = contender_start(key->text, "tcp");

	hear(parent);
	assert_int_equal(contender_try(other), -EBUSY);
	kill_only(parent);
	assert_int_equal(contender_try(other), 0);
	assert_int_equal(child_end(other), 0);
	assert_int_equal(child_end(parent), -SIGKILL);
}

static void acquire_with_the_inherited_handle(struct child *parent, void *lock)
{
	say(parent, portlock_try_lock(lock));
	say(parent, portlock_acquire_for(lock, -1));
	say(parent, (int64_t)portlock_token(lock));
	hear(parent);
	say(parent, portlock_release(lock));
	portlock_close(lock);
}

static void a_child_can_acquire_with_the_inherited_handle(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *child;
	uint64_t token;

	assert_int_equal(portlock_acquire(lock), 0);
	token = portlock_token(lock);
	child = child_start(acquire_with_the_inherited_handle, lock);
	assert_int_equal(hear(child), -EBUSY);
	wait_for_queue(key->text, 1);
	portlock_release(lock);
	assert_int_equal(hear(child), 0);
	assert_true((uint64_t)hear(child) > token);
	assert_false(portlock_has_locked(lock));
	assert_int_equal(portlock_try_lock(lock), -EBUSY);
	say(child, 0);
	assert_int_equal(hear(child), 0);
	assert_int_equal(portlock_try_lock(lock), 0);
	assert_int_equal(child_end(child), 0);
	assert_true(portlock_has_locked(lock));
	portlock_close(lock);
}

static void close_inherited(struct child *parent, void *lock)
{
	portlock_close(lock);
	say(parent, 0);
	hear_the_end(parent);
}

static void a_childs_close_leaves_the_parents_lock_alone(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *other = contender_start(key->text, "tcp");
	struct child *child;

	assert_int_equal(portlock_acquire(lock), 0);
	child = child_start(close_inherited, lock);
	hear(child);
	assert_true(portlock_has_locked(lock));
	assert_int_equal(contender_try(other), -EBUSY);
	portlock_close(lock);
	assert_int_equal(contender_try(other), 0);
	assert_int_equal(child_end(child), 0);
}

static void descend(struct child *parent, void *argument)
{
	static int generations;
	portlock_t *lock = argument;
	struct child *child;

	require(!portlock_has_locked(lock));
	say(parent, portlock_acquire_for(lock, -1));
	if (++generations < 5) {
		child = child_start(descend, lock);
		wait_for_queue(portlock_gate(lock) + sizeof("/portlock/") - 1,
			       1);
		require(portlock_release(lock) == 0);
		require(hear(child) == 0);
		require(child_end(child) == 0);
	}
	portlock_close(lock);
}

static void every_generation_can_hold_in_its_turn(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *child;

	assert_int_equal(portlock_acquire(lock), 0);
	child = child_start(descend, lock);
	wait_for_queue(key->text, 1);
	portlock_release(lock);
	assert_int_equal(hear(child), 0);
	assert_int_equal(child_end(child), 0);
	assert_int_equal(portlock_try_lock(lock), 0);
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_child_holds_nothing_and_its_release_has_no_effect),
		with_key(the_parents_release_frees_although_the_child_lives),
		with_key(the_parents_hand_over_reaches_the_waiter),
		with_key(a_dead_parents_lock_is_free_although_the_child_lives),
		with_key(a_child_can_acquire_with_the_inherited_handle),
		with_key(a_childs_close_leaves_the_parents_lock_alone),
		with_key(every_generation_can_hold_in_its_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
