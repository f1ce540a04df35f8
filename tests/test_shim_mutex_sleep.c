/* SPDX-License-Identifier: MIT */
/* test_shim_mutex_sleep.c - who waits for a condition has no portlock, and has
 * it again when the wait is over, however it ends.
 */
#include "config.h"

#include <errno.h>

#include "support/mutex.h"

static struct child *napper(const struct mutex_key *key)
{
	struct child *victim = mutex_victim("hidden", key->rules);

	assert_int_equal(victim_do(victim, MUTEX_nap), 0);
	return victim;
}

static void a_sleeper_keeps_nobody_out(void **state)
{
	struct mutex_key *key = *state;
	struct child *sleeper = napper(key);

	assert_false(gate_is_bound(key->text));
	assert_int_equal(victim_do(sleeper, MUTEX_wake), 0);
	assert_int_equal(victim_do(sleeper, MUTEX_end_nap), 0);
	assert_int_equal(victim_do(sleeper, MUTEX_lock), 0);
}

static void who_wakes_up_waits_for_the_portlock(void **state)
{
	struct mutex_key *key = *state;
	struct child *sleeper = napper(key);
	struct child *holder = mutex_holder("hidden", key->rules);

	assert_int_equal(victim_do(sleeper, MUTEX_wake), 0);
	wait_for_queue(key->text, 1);
	sleep_ns(MOMENT);
	assert_int_equal(victim_do(sleeper, MUTEX_is_up), 0);
	assert_int_equal(victim_do(holder, MUTEX_unlock), 0);
	assert_int_equal(victim_do(sleeper, MUTEX_end_nap), 0);
	assert_false(gate_is_bound(key->text));
}

static void who_wakes_up_does_not_mind_a_timeout(void **state)
{
	const char *rules = mutex_rule(*state, "*", "timeout=0.01");
	struct mutex_key *key = *state;
	struct child *sleeper = mutex_victim("hidden", rules);
	struct child *holder = mutex_victim("hidden", rules);

	assert_int_equal(victim_do(sleeper, MUTEX_nap), 0);
	while (victim_do(holder, MUTEX_lock) != 0)
		continue;
	assert_int_equal(victim_do(sleeper, MUTEX_wake), 0);
	wait_for_queue(key->text, 1);
	sleep_ns(MOMENT);
	assert_int_equal(victim_do(sleeper, MUTEX_is_up), 0);
	assert_int_equal(victim_do(holder, MUTEX_unlock), 0);
	assert_int_equal(victim_do(sleeper, MUTEX_end_nap), 0);
}

static void who_is_cancelled_has_it_to_unlock(void **state)
{
	struct mutex_key *key = *state;
	struct child *sleeper = napper(key);

	assert_int_equal(victim_do(sleeper, MUTEX_cancel), 0);
	assert_int_equal(victim_do(sleeper, MUTEX_end_nap), ECANCELED);
	assert_false(gate_is_bound(key->text));
	assert_int_equal(victim_do(sleeper, MUTEX_lock), 0);
	assert_true(gate_is_bound(key->text));
}

static void who_is_cancelled_waits_for_it(void **state)
{
	struct mutex_key *key = *state;
	struct child *sleeper = napper(key);
	struct child *holder = mutex_holder("hidden", key->rules);

	assert_int_equal(victim_do(sleeper, MUTEX_cancel), 0);
	wait_for_queue(key->text, 1);
	sleep_ns(MOMENT);
	assert_int_equal(victim_do(sleeper, MUTEX_is_up), 0);
	assert_int_equal(victim_do(holder, MUTEX_unlock), 0);
	assert_int_equal(victim_do(sleeper, MUTEX_end_nap), ECANCELED);
	assert_int_equal(victim_do(holder, MUTEX_lock), 0);
}

static void a_wait_that_ends_by_itself_ends_inside(void **state)
{
	static const char *const kinds[] = { "hidden", "checked", "recursive",
					     "robust" };
	struct mutex_key *key = *state;
	struct child *other = mutex_victim("hidden", key->rules);

	for (int i = 0; i < 4; i++) {
		struct child *victim = mutex_holder(kinds[i], key->rules);
		int64_t start = now_ns();

		assert_int_equal(victim_do(victim, MUTEX_timed_nap), ETIMEDOUT);
		assert_true(now_ns() - start >= PATIENCE_NS);
		assert_int_equal(victim_do(other, MUTEX_try), EBUSY);
		assert_int_equal(victim_do(victim, MUTEX_clock_nap), ETIMEDOUT);
		assert_int_equal(victim_do(other, MUTEX_try), EBUSY);
		assert_int_equal(victim_do(victim, MUTEX_wrong_nap), EINVAL);
		assert_int_equal(victim_do(other, MUTEX_try), EBUSY);
		assert_int_equal(victim_do(victim, MUTEX_unlock), 0);
		assert_false(gate_is_bound(key->text));
		child_end(victim);
	}
}

static void a_wait_without_the_mutex_lets_nothing_go(void **state)
{
	struct mutex_key *key = *state;
	struct child *holder = mutex_holder("checked", key->rules);
	struct child *other = mutex_victim("checked", key->rules);

	assert_int_equal(victim_do(other, MUTEX_timed_nap), EPERM);
	assert_int_equal(victim_do(holder, MUTEX_nap_in_thread), EPERM);
	assert_int_equal(victim_do(other, MUTEX_try), EBUSY);
	assert_int_equal(victim_do(holder, MUTEX_unlock), 0);
	assert_int_equal(victim_do(other, MUTEX_try), 0);
}

static void producers_and_consumers_work_in_two_processes(void **state)
{
	struct mutex_key *key = *state;
	long *counter = victim_share();
	struct child *victims[2];

	for (int i = 0; i < 2; i++)
		victims[i] = mutex_victim("hidden", key->rules);
	for (int i = 0; i < 2; i++)
		say(victims[i], MUTEX_produce_and_consume);
	for (int i = 0; i < 2; i++)
		assert_int_equal(hear(victims[i]), 0);
	assert_int_equal(*counter,
			 2 * VICTIM_MUTEX_THREADS * VICTIM_MUTEX_ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_mutex(a_sleeper_keeps_nobody_out),
		with_mutex(who_wakes_up_waits_for_the_portlock),
		with_mutex(who_wakes_up_does_not_mind_a_timeout),
		with_mutex(who_is_cancelled_has_it_to_unlock),
		with_mutex(who_is_cancelled_waits_for_it),
		with_mutex(a_wait_that_ends_by_itself_ends_inside),
		with_mutex(a_wait_without_the_mutex_lets_nothing_go),
		with_mutex(producers_and_consumers_work_in_two_processes),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
