/* SPDX-License-Identifier: MIT */
/* test_shim_flock.c - flock() under the shim: the real lock as ever, and the
 * portlock around it.
 */
#include "config.h"

#include <errno.h>

#include "support/filelock.h"

static void two_files_with_one_key_exclude_each_other(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_holder(names, names->rules);
	struct child *other = filelock_start_b(names, names->rules);

	assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
	assert_int_equal(victim_do(holder, FILE_un), 0);
	assert_false(gate_is_bound(names->key));
	assert_int_equal(victim_do(other, FILE_ex_nb), 0);
	assert_int_equal(victim_do(holder, FILE_ex_nb), EWOULDBLOCK);
}

static void without_a_rule_they_do_not(void **state)
{
	struct filelock_names *names = *state;

	filelock_holder(names, "flock /nowhere");
	assert_int_equal(victim_do(filelock_start_b(names, "flock /nowhere"),
				   FILE_ex_nb),
			 0);
}

static void a_bare_program_is_excluded_and_excludes(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_holder(names, names->rules);
	struct child *bare = filelock_start(names, BARE);

	assert_int_equal(victim_do(bare, FILE_ex_nb), EWOULDBLOCK);
	assert_int_equal(victim_do(holder, FILE_un), 0);
	assert_int_equal(victim_do(bare, FILE_ex_nb), 0);
	assert_int_equal(victim_do(holder, FILE_ex_nb), EWOULDBLOCK);
	assert_false(gate_is_bound(names->key));
	filelock_begin(holder, FILE_ex);
	assert_int_equal(victim_do(bare, FILE_un), 0);
	assert_int_equal(hear(holder), 0);
}

static void counting_together_loses_no_count(void **state)
{
	struct filelock_names *names = *state;
	long *counter = victim_share();
	struct child *victims[4];

	for (int i = 0; i < 4; i++)
		victims[i] = filelock_start(names, i < 3 ? names->rules : BARE);
	for (int i = 0; i < 4; i++)
		say(victims[i], FILE_count_ex);
	for (int i = 0; i < 4; i++)
		assert_int_equal(hear(victims[i]), 0);
	assert_int_equal(*counter, 4 * VICTIM_FILELOCK_ROUNDS);
}

static void a_killed_holder_frees_it(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_holder(names, names->rules);
	struct child *other = filelock_start_b(names, names->rules);

	filelock_queue(names, other, FILE_ex, 1);
	child_kill(holder);
	assert_int_equal(hear(other), 0);
}

/* ---- ends ---------------------------------------------------------------- */

static void the_last_copy_takes_it_away(void **state)
{
	static const int copies[] = { FILE_copy, FILE_copy2, FILE_copy_f };
	static const int closes[] = { FILE_close, FILE_close_range };
	struct filelock_names *names = *state;
	struct child *other = filelock_start_b(names, names->rules);

	for (int i = 0; i < 6; i++) {
		struct child *holder = filelock_start(names, names->rules);

		assert_int_equal(victim_do(holder, FILE_again), 0);
		assert_int_equal(victim_do(holder, FILE_ex), 0);
		assert_int_equal(victim_do(holder, copies[i % 3]), 0);
		assert_int_equal(victim_do(holder, closes[i / 3]), 0);
		assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
		assert_int_equal(victim_do(holder, closes[i / 3]), 0);
		assert_int_equal(victim_do(other, FILE_ex_nb), 0);
		assert_int_equal(victim_do(other, FILE_un), 0);
		child_end(holder);
	}
}

static void an_unlock_by_a_copy_ends_it(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_holder(names, names->rules);
	struct child *other = filelock_start_b(names, names->rules);

	assert_int_equal(victim_do(holder, FILE_copy), 0);
	assert_int_equal(victim_do(holder, FILE_un), 0);
	assert_int_equal(victim_do(other, FILE_ex_nb), 0);
	assert_int_equal(victim_do(holder, FILE_close), 0);
	assert_int_equal(victim_do(holder, FILE_ex_nb), EWOULDBLOCK);
}

/* Which no tie leads to. */
static void an_unlock_by_an_older_copy_ends_it(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);
	struct child *other = filelock_start_b(names, names->rules);

	assert_int_equal(victim_do(holder, FILE_copy), 0);
	assert_int_equal(victim_do(holder, FILE_ex), 0);
	assert_int_equal(victim_do(holder, FILE_swap), 0);
	assert_int_equal(victim_do(holder, FILE_ex), 0);
	assert_int_equal(victim_do(holder, FILE_un), 0);
	assert_int_equal(victim_do(other, FILE_ex_nb), 0);
}

static void a_thread_that_is_cancelled_in_a_close_closes_it_again(void **state)
{
	struct filelock_names *names = *state;
	struct child *victim = filelock_holder(names, names->rules);

	assert_int_equal(victim_do(victim, FILE_close_though_cancelled), 0);
	assert_false(gate_is_bound(names->key));
}

static void to_lock_again_is_nothing_new(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_holder(names, names->rules);

	assert_int_equal(victim_do(holder, FILE_ex), 0);
	assert_int_equal(victim_do(holder, FILE_ex_in_thread), 0);
	assert_int_equal(victim_do(holder, FILE_un), 0);
	assert_false(gate_is_bound(names->key));
}

static void a_second_descriptor_is_excluded_as_ever(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_holder(names, names->rules);

	assert_int_equal(victim_do(holder, FILE_again), 0);
	assert_int_equal(victim_do(holder, FILE_ex_nb), EWOULDBLOCK);
	/* Another file with the same key is not. */
	assert_int_equal(victim_do(holder, FILE_b), 0);
	assert_int_equal(victim_do(holder, FILE_ex_nb), 0);
	assert_int_equal(victim_do(holder, FILE_un), 0);
	assert_true(gate_is_bound(names->key));
}

static void another_thread_waits(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_holder(names, names->timed);

	assert_int_equal(victim_do(holder, FILE_b), 0);
	assert_int_equal(victim_do(holder, FILE_ex_in_thread), ENOLCK);
	assert_int_equal(victim_do(holder, FILE_ex), 0);
}

static void what_is_wrong_fails_as_ever(void **state)
{
	struct filelock_names *names = *state;
	struct child *victim = filelock_start(names, names->rules);

	assert_int_equal(victim_do(victim, FILE_wrong), EINVAL);
	assert_int_equal(victim_do(victim, FILE_flags), 0);
}

/* ---- shared locks -------------------------------------------------------- */

static void shared_locks_pass_by(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);
	struct child *other = filelock_start(names, names->rules);

	assert_int_equal(victim_do(holder, FILE_sh), 0);
	assert_int_equal(victim_do(other, FILE_sh), 0);
	assert_false(gate_is_bound(names->key));
	assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
	assert_false(gate_is_bound(names->key));
}

static void shared_locks_are_exclusive_if_the_rule_says_so(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->exclusive);
	struct child *other = filelock_start_b(names, names->exclusive);

	assert_int_equal(victim_do(holder, FILE_sh), 0);
	assert_int_equal(victim_do(other, FILE_sh_nb), EWOULDBLOCK);
	assert_int_equal(victim_do(holder, FILE_ex), 0);
	assert_int_equal(victim_do(holder, FILE_sh), 0);
	assert_int_equal(victim_do(other, FILE_sh_nb), EWOULDBLOCK);
	assert_int_equal(victim_do(holder, FILE_un), 0);
	assert_int_equal(victim_do(other, FILE_sh_nb), 0);
}

static void an_exclusive_lock_becomes_shared(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_holder(names, names->rules);
	struct child *other = filelock_start_b(names, names->rules);

	assert_int_equal(victim_do(holder, FILE_sh), 0);
	assert_int_equal(victim_do(other, FILE_ex_nb), 0);
	assert_int_equal(victim_do(holder, FILE_un), 0);
}

/* Each has it shared and wants it for itself: flock() lets go of the one
 * before it waits for the other, and so must we. */
static void shared_locks_become_exclusive_one_after_the_other(void **state)
{
	struct filelock_names *names = *state;
	struct child *first = filelock_start(names, names->rules);
	struct child *second = filelock_start(names, names->rules);

	assert_int_equal(victim_do(first, FILE_sh), 0);
	assert_int_equal(victim_do(second, FILE_sh), 0);
	say(first, FILE_ex);
	/* Who has the portlock comes first, and it waits for the other. */
	wait_for_gate(names->key);
	say(second, FILE_ex);
	assert_int_equal(hear(first), 0);
	assert_int_equal(victim_do(first, FILE_un), 0);
	assert_int_equal(hear(second), 0);
}

static void a_lost_conversion_loses_the_portlock(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->exclusive);
	struct child *bare = filelock_start(names, BARE);

	assert_int_equal(victim_do(holder, FILE_sh), 0);
	assert_int_equal(victim_do(bare, FILE_sh), 0);
	assert_int_equal(victim_do(holder, FILE_ex_nb), EWOULDBLOCK);
	assert_false(gate_is_bound(names->key));
	assert_int_equal(victim_do(bare, FILE_ex_nb), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, filelock_setup, filelock_teardown)
		TEST(two_files_with_one_key_exclude_each_other),
		TEST(without_a_rule_they_do_not),
		TEST(a_bare_program_is_excluded_and_excludes),
		TEST(counting_together_loses_no_count),
		TEST(a_killed_holder_frees_it),
		TEST(the_last_copy_takes_it_away),
		TEST(an_unlock_by_a_copy_ends_it),
		TEST(an_unlock_by_an_older_copy_ends_it),
		TEST(a_thread_that_is_cancelled_in_a_close_closes_it_again),
		TEST(to_lock_again_is_nothing_new),
		TEST(a_second_descriptor_is_excluded_as_ever),
		TEST(another_thread_waits),
		TEST(what_is_wrong_fails_as_ever),
		TEST(shared_locks_pass_by),
		TEST(shared_locks_are_exclusive_if_the_rule_says_so),
		TEST(an_exclusive_lock_becomes_shared),
		TEST(shared_locks_become_exclusive_one_after_the_other),
		TEST(a_lost_conversion_loses_the_portlock),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
