/* SPDX-License-Identifier: MIT */
/* test_shim_sysvsem.c - who has a System V semaphore, bare and under the shim,
 * and what happens when a holder dies.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>

#include "support/sysvsem.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- a holder dies ------------------------------------------------------- */

static void bare_a_killed_holder_blocks_the_next(void **state)
{
	struct sysvsem_names *names = *state;

	child_kill(sysvsem_holder(names->set, BARE));
	assert_int_equal(victim_do(sysvsem_start(names->set, BARE), SYSV_try),
			 EAGAIN);
}

static void after_a_killed_holder_the_next_goes_on(void **state)
{
	static const int takes[] = { SYSV_take, SYSV_try, SYSV_timed,
				     SYSV_timed_zero, SYSV_take_undo };
	static const char *const both[] = { RULES, BARE };
	struct sysvsem_names *names = *state;

	for (size_t i = 0; i < COUNT(takes) * 2; i++) {
		struct child *next = sysvsem_start(names->set, both[i % 2]);

		child_kill(sysvsem_holder(names->set, RULES));
		assert_int_equal(victim_do(next, SYSV_value), 1);
		assert_int_equal(victim_do(next, takes[i / 2]), 0);
		assert_int_equal(victim_do(next, SYSV_value), 0);
		assert_int_equal(victim_do(next, i / 2 == 4 ? SYSV_give_undo
							    : SYSV_give),
				 0);
		assert_int_equal(child_end(next), 0);
	}
}

static void the_idiom_that_counts_up_is_freed_as_well(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *next = sysvsem_start(names->set, RULES);
	struct child *holder;

	for (int i = 0; i < 2; i++) {
		holder = sysvsem_start(names->set, RULES);
		assert_int_equal(victim_do(holder, SYSV_up_take), 0);
		assert_true(gate_is_bound(names->lock));
		assert_int_equal(victim_do(next, SYSV_up_try), EAGAIN);
		if (i == 0)
			assert_int_equal(victim_do(holder, SYSV_up_give), 0);
		child_kill(holder);
		assert_int_equal(victim_do(next, SYSV_value), 0);
		assert_int_equal(victim_do(next, SYSV_up_take), 0);
		assert_int_equal(victim_do(next, SYSV_value), 1);
		assert_int_equal(victim_do(next, SYSV_up_give), 0);
	}
	assert_false(gate_is_bound(names->lock));
	assert_int_equal(child_end(next), 0);
	assert_int_equal(victim_do(sysvsem_start(names->set, BARE), SYSV_value),
			 0);
}

static bool one_has_said(void *pair)
{
	struct child **victims = pair;

	return has_said(victims[0]) || has_said(victims[1]);
}

static void a_waiter_goes_on_when_the_holder_is_killed(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *holder = sysvsem_holder(names->set, RULES);
	struct child *waiters[2];
	int first;

	for (int i = 0; i < 2; i++) {
		waiters[i] = sysvsem_start(names->set, RULES);
		say(waiters[i], SYSV_take);
		wait_for_queue(names->lock, i + 1);
	}
	child_kill(holder);
	/* A dead holder grants nothing: they race. */
	wait_until(one_has_said, waiters);
	first = has_said(waiters[0]) ? 0 : 1;
	assert_int_equal(hear(waiters[first]), 0);
	child_kill(waiters[first]);
	assert_int_equal(hear(waiters[!first]), 0);
}

static void after_a_killed_bare_holder_it_stays_taken(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *next = sysvsem_start(names->set, RULES);

	child_kill(sysvsem_holder(names->set, BARE));
	assert_int_equal(victim_do(next, SYSV_try), EAGAIN);
	assert_int_equal(victim_do(next, SYSV_timed), EAGAIN);
}

/* ---- exclusion ----------------------------------------------------------- */

static void waiters_go_on_in_order(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *holder = sysvsem_holder(names->set, RULES);
	struct child *waiters[4];

	for (int i = 0; i < 4; i++) {
		waiters[i] = sysvsem_start(names->set, RULES);
		say(waiters[i], SYSV_take);
		wait_for_queue(names->lock, i + 1);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(
			victim_do(i ? waiters[i - 1] : holder, SYSV_give), 0);
		assert_int_equal(hear(waiters[i]), 0);
		for (int later = i + 1; later < 4; later++)
			assert_false(has_said(waiters[later]));
	}
}

static void all_exclude_each_other(void **state)
{
	static const char *const rules[2][4] = {
		{ RULES, RULES, RULES, RULES },
		{ RULES, BARE, RULES, BARE },
	};
	struct sysvsem_names *names = *state;

	for (int mix = 0; mix < 2; mix++) {
		long *counter = victim_share();
		struct child *victims[4];

		for (int i = 0; i < 4; i++)
			victims[i] = sysvsem_start(names->set, rules[mix][i]);
		assert_int_equal(victim_do(victims[0], SYSV_set_1), 0);
		for (int i = 0; i < 4; i++)
			say(victims[i], SYSV_count);
		for (int i = 0; i < 4; i++)
			assert_int_equal(hear(victims[i]), 0);
		assert_int_equal(*counter, 4 * VICTIM_SYSVSEM_ROUNDS);
		assert_int_equal(victim_do(victims[0], SYSV_value), 1);
		for (int i = 0; i < 4; i++)
			assert_int_equal(child_end(victims[i]), 0);
	}
}

static void a_holder_keeps_others_out(void **state)
{
	static const char *const both[] = { BARE, RULES };
	struct sysvsem_names *names = *state;

	for (int i = 0; i < 4; i++) {
		struct child *holder = sysvsem_holder(names->set, both[i / 2]);
		struct child *other = sysvsem_start(names->set, both[i % 2]);
		int64_t begin = now_ns();

		assert_int_equal(victim_do(other, SYSV_try), EAGAIN);
		assert_int_equal(victim_do(other, SYSV_timed_zero), EAGAIN);
		assert_int_equal(victim_do(other, SYSV_timed_wrong), EINVAL);
		assert_int_equal(victim_do(other, SYSV_timed), EAGAIN);
		assert_true(now_ns() - begin >= 50000000);
		begin_take(other);
		assert_int_equal(victim_do(holder, SYSV_give), 0);
		assert_int_equal(hear(other), 0);
		assert_int_equal(victim_do(holder, SYSV_try), EAGAIN);
		assert_int_equal(victim_do(other, SYSV_give), 0);
		child_end(holder);
		child_end(other);
	}
}

static void sets_with_one_key_exclude_each_other(void **state)
{
	struct sysvsem_names *names = *state;
	char rules[128];
	struct child *holder, *other;

	snprintf(rules, sizeof(rules), RULES " key='%s' transport=tcp",
		 names->lock);
	other = sysvsem_start(names->other, rules);
	assert_int_equal(victim_do(other, SYSV_set_1), 0);
	holder = sysvsem_holder(names->set, rules);
	assert_int_equal(victim_do(other, SYSV_try), EAGAIN);
	assert_int_equal(victim_do(other, SYSV_value), 1);
	child_kill(holder);
	assert_int_equal(victim_do(other, SYSV_try), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_set(bare_a_killed_holder_blocks_the_next),
		with_set(after_a_killed_holder_the_next_goes_on),
		with_set(the_idiom_that_counts_up_is_freed_as_well),
		with_set(a_waiter_goes_on_when_the_holder_is_killed),
		with_set(after_a_killed_bare_holder_it_stays_taken),
		with_set(waiters_go_on_in_order),
		with_set(all_exclude_each_other),
		with_set(a_holder_keeps_others_out),
		with_set(sets_with_one_key_exclude_each_other),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
