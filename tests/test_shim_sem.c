/* SPDX-License-Identifier: MIT */
/* test_shim_sem.c - who has a named semaphore, bare and under the shim, and what
 * happens when a holder dies.
 */
#include "config.h"

#include <errno.h>

#include "support/semaphore.h"

/* ---- a holder dies ------------------------------------------------------- */

static void bare_a_killed_holder_blocks_the_next(void **state)
{
	struct semaphore_names *names = *state;
	struct child *next = start(names->name, BARE);

	child_kill(start_holder(names->name, BARE));
	assert_held_by_another(next);
}

static void after_a_killed_holder_the_next_goes_on(void **state)
{
	static const int waits[] = { SEM_wait, SEM_try, SEM_timed, SEM_clock,
				     SEM_timed_past };
	struct semaphore_names *names = *state;
	struct child *next = start(names->name, RULES);

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		child_kill(start_holder(names->name, RULES));
		assert_int_equal(victim_do(next, waits[i]), 0);
		assert_true(victim_log_has("recovered"));
		assert_int_equal(victim_do(next, SEM_value), 0);
		assert_int_equal(victim_do(next, SEM_post), 0);
		assert_int_equal(victim_do(next, SEM_value), 1);
	}
}

static bool one_has_said(void *pair)
{
	struct child **victims = pair;

	return has_said(victims[0]) || has_said(victims[1]);
}

static void a_waiter_goes_on_when_the_holder_is_killed(void **state)
{
	struct semaphore_names *names = *state;
	struct child *holder = start_holder(names->name, RULES);
	struct child *waiters[2];
	int first;

	for (int i = 0; i < 2; i++) {
		waiters[i] = start(names->name, RULES);
		say(waiters[i], SEM_wait);
		wait_for_queue(names->key, i + 1);
	}
	child_kill(holder);
	/* A dead holder grants nothing: they race. */
	wait_until(one_has_said, waiters);
	first = has_said(waiters[0]) ? 0 : 1;
	assert_int_equal(hear(waiters[first]), 0);
	child_kill(waiters[first]);
	assert_int_equal(hear(waiters[!first]), 0);
}

static void after_a_holder_that_just_exits_the_next_goes_on(void **state)
{
	struct semaphore_names *names = *state;
	struct child *next = start(names->name, RULES);

	assert_int_equal(child_end(start_holder(names->name, RULES)), 0);
	assert_int_equal(victim_do(next, SEM_try), 0);
}

static void the_value_of_a_killed_holder_is_put_right(void **state)
{
	struct semaphore_names *names = *state;
	struct child *next = start(names->name, RULES);
	struct child *bare = start(names->name, BARE);

	child_kill(start_holder(names->name, RULES));
	assert_int_equal(victim_do(bare, SEM_value), 0);
	assert_int_equal(victim_do(next, SEM_value), 1);
	assert_int_equal(victim_do(bare, SEM_try), 0);
	assert_int_equal(victim_do(next, SEM_value), 0);
}

static void after_a_killed_bare_holder_it_stays_taken(void **state)
{
	struct semaphore_names *names = *state;
	struct child *next = start(names->name, RULES);

	child_kill(start_holder(names->name, BARE));
	assert_held_by_another(next);
	assert_false(victim_log_has("recovered"));
}

/* ---- exclusion ----------------------------------------------------------- */

static void count_together(const char *name, const char *const rules[4])
{
	long *counter = victim_share();
	struct child *victims[4];

	for (int i = 0; i < 4; i++)
		victims[i] = start(name, rules[i]);
	for (int i = 0; i < 4; i++)
		say(victims[i], SEM_count);
	for (int i = 0; i < 4; i++)
		assert_int_equal(hear(victims[i]), 0);
	assert_int_equal(*counter, 4 * VICTIM_SEM_ROUNDS);
}

static void shimmed_processes_exclude_each_other(void **state)
{
	static const char *const all[] = { RULES, RULES, RULES, RULES };

	count_together(((struct semaphore_names *)*state)->name, all);
}

static void shimmed_and_bare_processes_exclude_each_other(void **state)
{
	static const char *const some[] = { RULES, BARE, RULES, BARE };

	count_together(((struct semaphore_names *)*state)->name, some);
}

static void a_holder_keeps_others_out(void **state)
{
	static const char *const both[] = { BARE, RULES };
	struct semaphore_names *names = *state;

	for (int i = 0; i < 4; i++) {
		struct child *holder = start_holder(names->name, both[i / 2]);
		struct child *other = start(names->name, both[i % 2]);

		assert_held_by_another(other);
		begin_wait(other);
		assert_int_equal(victim_do(holder, SEM_post), 0);
		assert_int_equal(hear(other), 0);
		assert_int_equal(victim_do(holder, SEM_try), EAGAIN);
		assert_int_equal(victim_do(other, SEM_post), 0);
		assert_int_equal(victim_do(holder, SEM_value), 1);
		child_end(holder);
		child_end(other);
	}
}

static void a_bare_holder_leaves_the_portlock_free(void **state)
{
	struct semaphore_names *names = *state;
	struct child *holder = start_holder(names->name, BARE);
	struct child *other = start(names->name, RULES);

	assert_int_equal(victim_do(other, SEM_timed), ETIMEDOUT);
	assert_false(gate_is_bound(names->key));
	assert_int_equal(victim_do(holder, SEM_post), 0);
	assert_int_equal(victim_do(other, SEM_try), 0);
	assert_true(gate_is_bound(names->key));
}

static void
one_that_a_bare_program_has_at_the_first_open_is_a_mutex(void **state)
{
	struct semaphore_names *names = *state;
	struct child *holder = start_holder(names->name, BARE);
	struct child *next = start(names->name, RULES);

	assert_int_equal(victim_do(holder, SEM_post), 0);
	assert_int_equal(victim_do(next, SEM_wait), 0);
	child_kill(next);
	assert_int_equal(victim_do(start(names->name, RULES), SEM_try), 0);
}

/* ---- what is no mutex ---------------------------------------------------- */

static void other_values_pass_through(void **state)
{
	struct semaphore_names *names = *state;
	struct child *one = victim_start("victim_sem", names->name, RULES);
	struct child *two;

	assert_int_equal(victim_do(one, SEM_create_three), 0);
	two = start(names->name, RULES);
	assert_int_equal(victim_do(one, SEM_wait), 0);
	assert_int_equal(victim_do(one, SEM_wait), 0);
	assert_int_equal(victim_do(two, SEM_wait), 0);
	assert_int_equal(victim_do(two, SEM_try), EAGAIN);
	assert_int_equal(victim_do(one, SEM_post), 0);
	assert_int_equal(victim_do(two, SEM_value), 1);
	assert_false(gate_is_bound(names->key));
	assert_true(victim_log_has("passes through"));
}

static void an_event_passes_through(void **state)
{
	struct semaphore_names *names = *state;
	struct child *one = victim_start("victim_sem", names->name, RULES);
	struct child *two = victim_start("victim_sem", names->name, RULES);

	assert_int_equal(victim_do(one, SEM_create_zero), 0);
	assert_int_equal(victim_do(two, SEM_open), 0);
	begin_wait(one);
	assert_int_equal(victim_do(two, SEM_post), 0);
	assert_int_equal(hear(one), 0);
	assert_int_equal(victim_do(two, SEM_post), 0);
	assert_int_equal(victim_do(two, SEM_post), 0);
	assert_int_equal(victim_do(one, SEM_value), 2);
	assert_false(gate_is_bound(names->key));
}

static void unnamed_semaphores_pass_through(void **state)
{
	struct semaphore_names *names = *state;
	struct child *victim = start_holder(names->name, "sem *");

	assert_int_equal(victim_do(victim, SEM_unnamed), 0);
}

/* All that one process can do, with the results in a row. */
static void record(const char *name, const char *rules, int results[32])
{
	static const int commands[] = {
		SEM_open,	  SEM_create,
		SEM_value,	  SEM_wait,
		SEM_value,	  SEM_try,
		SEM_timed,	  SEM_clock,
		SEM_timed_past,	  SEM_post,
		SEM_value,	  SEM_post,
		SEM_value,	  SEM_try,
		SEM_timed_past,	  SEM_try,
		SEM_timed_wrong,  SEM_post,
		SEM_try_in_child, SEM_post_in_child,
		SEM_clock,	  SEM_post_in_thread,
		SEM_try,	  SEM_post_in_handler,
		SEM_value,	  SEM_unlink,
		SEM_unlink,	  SEM_open,
		SEM_close,
	};
	struct child *victim = victim_start("victim_sem", name, rules);

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		results[i] = victim_do(victim, commands[i]);
	assert_int_equal(child_end(victim), 0);
}

static void one_process_alone_sees_no_difference(void **state)
{
	static const char *const rules[] = { "", "sem /other", "lockfile *",
					     RULES };
	struct semaphore_names *names = *state;
	int bare[32] = { 0 }, shimmed[32] = { 0 };

	record(names->name, BARE, bare);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		record(names->name, rules[i], shimmed);
		assert_memory_equal(bare, shimmed, sizeof(bare));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, semaphore_setup,                 \
					semaphore_teardown)
		TEST(bare_a_killed_holder_blocks_the_next),
		TEST(after_a_killed_holder_the_next_goes_on),
		TEST(a_waiter_goes_on_when_the_holder_is_killed),
		TEST(after_a_holder_that_just_exits_the_next_goes_on),
		TEST(the_value_of_a_killed_holder_is_put_right),
		TEST(after_a_killed_bare_holder_it_stays_taken),
		TEST(shimmed_processes_exclude_each_other),
		TEST(shimmed_and_bare_processes_exclude_each_other),
		TEST(a_holder_keeps_others_out),
		TEST(a_bare_holder_leaves_the_portlock_free),
		TEST(one_that_a_bare_program_has_at_the_first_open_is_a_mutex),
		TEST(other_values_pass_through),
		TEST(an_event_passes_through),
		TEST(unnamed_semaphores_pass_through),
		TEST(one_process_alone_sees_no_difference),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
