/* SPDX-License-Identifier: MIT */
/* test_shim_mutex.c - private mutexes exclude other processes under the shim. */
#include "config.h"

#include <errno.h>
#include <stdio.h>

#include "support/mutex.h"

/* ---- exclusion ----------------------------------------------------------- */

static void bare_processes_do_not_exclude_each_other(void **state)
{
	(void)state;
	mutex_holder("hidden", BARE);
	mutex_holder("hidden", BARE);
}

static void a_holder_keeps_other_processes_out(void **state)
{
	struct mutex_key *key = *state;
	struct child *holder = mutex_holder("hidden", key->rules);
	struct child *other = mutex_victim("hidden", key->rules);

	assert_mutex_is_anothers(other);
	mutex_wait(key, other);
	assert_int_equal(victim_do(holder, MUTEX_unlock), 0);
	assert_int_equal(hear(other), 0);
	assert_mutex_is_anothers(holder);
	assert_int_equal(victim_do(other, MUTEX_unlock), 0);
	assert_false(gate_is_bound(key->text));
	assert_int_equal(victim_do(holder, MUTEX_timed_past), 0);
	assert_int_equal(victim_do(holder, MUTEX_unlock), 0);
	assert_int_equal(victim_do(holder, MUTEX_timed_wrong), 0);
}

static void the_names_of_old_programs_do_the_same(void **state)
{
	struct mutex_key *key = *state;
	struct child *holder = mutex_victim("hidden", key->rules);
	struct child *other = mutex_victim("hidden", key->rules);

	assert_int_equal(victim_do(holder, MUTEX_old_lock), 0);
	assert_mutex_is_anothers(other);
	assert_int_equal(victim_do(holder, MUTEX_old_unlock), 0);
	assert_int_equal(victim_do(other, MUTEX_old_try), 0);
	assert_mutex_is_anothers(holder);
}

static void threads_keep_each_other_out_as_ever(void **state)
{
	struct mutex_key *key = *state;
	struct child *holder = mutex_holder("hidden", key->rules);

	assert_int_equal(victim_do(holder, MUTEX_try_in_thread), EBUSY);
	assert_int_equal(victim_do(holder, MUTEX_try), EBUSY);
	assert_int_equal(victim_do(holder, MUTEX_unlock_in_thread), 0);
	assert_int_equal(
		victim_do(mutex_victim("hidden", key->rules), MUTEX_try), 0);
	assert_int_equal(victim_do(holder, MUTEX_try_in_thread), EBUSY);
}

static void threads_of_all_processes_count_together(void **state)
{
	struct mutex_key *key = *state;
	long *counter = victim_share();
	struct child *victims[3];

	for (int i = 0; i < 3; i++)
		victims[i] =
			mutex_victim(i ? "hidden" : "exported", key->rules);
	for (int i = 0; i < 3; i++)
		say(victims[i], MUTEX_count);
	for (int i = 0; i < 3; i++)
		assert_int_equal(hear(victims[i]), 0);
	assert_int_equal(*counter,
			 3 * VICTIM_MUTEX_THREADS * VICTIM_MUTEX_ROUNDS);
}

static void after_a_killed_holder_the_next_goes_on(void **state)
{
	struct mutex_key *key = *state;
	struct child *holder = mutex_holder("hidden", key->rules);
	struct child *next = mutex_victim("hidden", key->rules);

	mutex_wait(key, next);
	child_kill(holder);
	assert_int_equal(hear(next), 0);
}

static void a_rule_can_end_the_wait(void **state)
{
	const char *rules =
		mutex_rule(*state, "*:hidden_mutex", "timeout=0.05");
	struct child *other = mutex_victim("hidden", rules);
	struct child *holder = mutex_holder("hidden", rules);
	int64_t start = now_ns();

	assert_int_equal(victim_do(other, MUTEX_lock), EAGAIN);
	assert_true(now_ns() - start >= 50000000);
	assert_int_equal(victim_do(other, MUTEX_try), EBUSY);
	assert_int_equal(victim_do(other, MUTEX_clock), ETIMEDOUT);
	assert_int_equal(victim_do(holder, MUTEX_unlock), 0);
	assert_int_equal(victim_do(other, MUTEX_lock), 0);
}

static void with_hold_exit_all_threads_are_inside(void **state)
{
	const char *rules = mutex_rule(*state, "*:hidden_mutex", "hold=exit");
	struct child *holder = mutex_holder("hidden", rules);
	struct child *other = mutex_victim("hidden", rules);

	assert_int_equal(victim_do(holder, MUTEX_try_in_thread), EBUSY);
	assert_int_equal(victim_do(holder, MUTEX_unlock), 0);
	assert_int_equal(victim_do(other, MUTEX_try), EBUSY);
	assert_int_equal(victim_do(holder, MUTEX_die_in_thread), 0);
	assert_int_equal(child_end(holder), 0);
	assert_int_equal(victim_do(other, MUTEX_lock), 0);
}

/* ---- kinds of mutexes ---------------------------------------------------- */

static void a_recursive_one_is_free_after_the_last_unlock(void **state)
{
	struct mutex_key *key = *state;
	struct child *holder = mutex_holder("recursive", key->rules);
	struct child *other = mutex_victim("recursive", key->rules);

	assert_int_equal(victim_do(holder, MUTEX_lock), 0);
	assert_int_equal(victim_do(holder, MUTEX_try), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(victim_do(other, MUTEX_try), EBUSY);
		assert_int_equal(victim_do(holder, MUTEX_unlock), 0);
	}
	assert_int_equal(victim_do(holder, MUTEX_unlock), EPERM);
	assert_int_equal(victim_do(other, MUTEX_try), 0);
}

static void a_checked_one_says_what_it_says_bare(void **state)
{
	struct mutex_key *key = *state;
	struct child *holder = mutex_holder("checked", key->rules);
	struct child *other = mutex_victim("checked", key->rules);

	assert_int_equal(victim_do(other, MUTEX_unlock), EPERM);
	assert_int_equal(victim_do(holder, MUTEX_lock), EDEADLK);
	assert_int_equal(victim_do(holder, MUTEX_unlock_in_thread), EPERM);
	assert_int_equal(victim_do(holder, MUTEX_try), EBUSY);
	assert_int_equal(victim_do(other, MUTEX_try), EBUSY);
	assert_int_equal(victim_do(holder, MUTEX_unlock), 0);
	assert_int_equal(victim_do(other, MUTEX_lock), 0);
}

static void a_robust_one_tells_of_a_dead_thread(void **state)
{
	struct mutex_key *key = *state;
	struct child *holder = mutex_victim("robust", key->rules);
	struct child *other = mutex_victim("robust", key->rules);

	assert_int_equal(victim_do(holder, MUTEX_die_in_thread), 0);
	assert_int_equal(victim_do(holder, MUTEX_lock), EOWNERDEAD);
	assert_int_equal(victim_do(holder, MUTEX_consistent), 0);
	assert_int_equal(victim_do(other, MUTEX_try), EBUSY);
	assert_int_equal(victim_do(holder, MUTEX_unlock), 0);
	assert_int_equal(victim_do(other, MUTEX_lock), 0);
	assert_int_equal(victim_do(other, MUTEX_unlock), 0);
	assert_int_equal(victim_do(other, MUTEX_die_in_thread), 0);
	assert_int_equal(victim_do(other, MUTEX_lock), EOWNERDEAD);
	assert_int_equal(victim_do(other, MUTEX_unlock), 0);
	assert_int_equal(victim_do(other, MUTEX_lock), ENOTRECOVERABLE);
	assert_int_equal(victim_do(holder, MUTEX_lock), 0);
}

/* ---- children ------------------------------------------------------------ */

static void a_child_holds_nothing_and_lets_nothing_go(void **state)
{
	struct mutex_key *key = *state;
	struct child *holder = mutex_holder("hidden", key->rules);
	struct child *other = mutex_victim("hidden", key->rules);

	assert_int_equal(victim_do(holder, MUTEX_try_in_child), EBUSY);
	/* Its parent holds the key, and may be waiting for it. */
	assert_int_equal(victim_do(holder, MUTEX_unlock_in_child), 0);
	assert_int_equal(victim_do(other, MUTEX_try), EBUSY);
	assert_int_equal(victim_do(holder, MUTEX_unlock), 0);
	assert_int_equal(victim_do(other, MUTEX_try), 0);
}

static void a_child_from_before_is_kept_out(void **state)
{
	struct mutex_key *key = *state;
	struct child *parent = mutex_victim("hidden", key->rules);

	assert_int_equal(victim_do(parent, MUTEX_keep_child), 0);
	assert_int_equal(victim_do(parent, MUTEX_timed_in_kept), 0);
	assert_int_equal(victim_do(parent, MUTEX_lock), 0);
	assert_int_equal(victim_do(parent, MUTEX_timed_in_kept), ETIMEDOUT);
	assert_int_equal(victim_do(parent, MUTEX_unlock), 0);
	assert_int_equal(victim_do(parent, MUTEX_timed_in_kept), 0);
}

static void fork_handlers_may_lock_it(void **state)
{
	struct mutex_key *key = *state;
	struct child *victim = mutex_victim("hidden", key->rules);

	assert_int_equal(victim_do(victim, MUTEX_fork_with_handlers), 0);
	assert_int_equal(victim_do(victim, MUTEX_lock), 0);
	assert_int_equal(victim_do(victim, MUTEX_unlock), 0);
	assert_int_equal(
		victim_do(mutex_victim("hidden", key->rules), MUTEX_try), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_mutex(bare_processes_do_not_exclude_each_other),
		with_mutex(a_holder_keeps_other_processes_out),
		with_mutex(the_names_of_old_programs_do_the_same),
		with_mutex(threads_keep_each_other_out_as_ever),
		with_mutex(threads_of_all_processes_count_together),
		with_mutex(after_a_killed_holder_the_next_goes_on),
		with_mutex(a_rule_can_end_the_wait),
		with_mutex(with_hold_exit_all_threads_are_inside),
		with_mutex(a_recursive_one_is_free_after_the_last_unlock),
		with_mutex(a_checked_one_says_what_it_says_bare),
		with_mutex(a_robust_one_tells_of_a_dead_thread),
		with_mutex(a_child_holds_nothing_and_lets_nothing_go),
		with_mutex(a_child_from_before_is_kept_out),
		with_mutex(fork_handlers_may_lock_it),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
