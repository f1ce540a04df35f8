/* SPDX-License-Identifier: MIT */
/* test_shim_fcntl.c - fcntl() and lockf() locks under the shim: the real lock as
 * ever, and the portlock around it.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "support/filelock.h"

static void two_files_with_one_key_exclude_each_other(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);
	struct child *other = filelock_start_b(names, names->rules);

	for (const struct filelock_way *way = filelock_ways; way->try; way++) {
		assert_int_equal(victim_do(holder, way->try), 0);
		assert_int_equal(victim_do(other, way->try), EAGAIN);
		assert_int_equal(victim_do(holder, way->unlock), 0);
		assert_false(gate_is_bound(names->key));
		assert_int_equal(victim_do(other, way->try), 0);
		assert_int_equal(victim_do(holder, way->try), EAGAIN);
		say(holder, way->wait);
		assert_int_equal(victim_do(other, way->unlock), 0);
		assert_int_equal(hear(holder), 0);
		assert_int_equal(victim_do(holder, way->unlock), 0);
	}
}

static void a_bare_program_is_excluded_and_excludes(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);
	struct child *bare = filelock_start(names, BARE);

	for (const struct filelock_way *way = filelock_ways; way->try; way++) {
		assert_int_equal(victim_do(holder, way->try), 0);
		assert_int_equal(victim_do(bare, way->try), EAGAIN);
		assert_int_equal(victim_do(holder, way->unlock), 0);
		assert_int_equal(victim_do(bare, way->wait), 0);
		assert_int_equal(victim_do(holder, way->try), EAGAIN);
		assert_false(gate_is_bound(names->key));
		filelock_begin(holder, way->wait);
		assert_int_equal(victim_do(bare, way->unlock), 0);
		assert_int_equal(hear(holder), 0);
		assert_int_equal(victim_do(holder, way->unlock), 0);
	}
}

static void who_waits_gets_it_in_order(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);
	struct child *waiters[3];

	assert_int_equal(victim_do(holder, FILE_wait_w), 0);
	for (int i = 0; i < 3; i++) {
		waiters[i] = filelock_start_b(names, names->rules);
		filelock_queue(names, waiters[i], filelock_ways[i].wait, i + 1);
	}
	assert_int_equal(victim_do(holder, FILE_set_u), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(hear(waiters[i]), 0);
		for (int j = i + 1; j < 3; j++)
			assert_false(has_said(waiters[j]));
		assert_int_equal(victim_do(waiters[i], filelock_ways[i].unlock),
				 0);
	}
}

static void counting_together_loses_no_count(void **state)
{
	struct filelock_names *names = *state;
	long *counter = victim_share();
	struct child *victims[4];

	for (int i = 0; i < 4; i++)
		victims[i] = filelock_start(names, i < 3 ? names->rules : BARE);
	for (int i = 0; i < 4; i++)
		say(victims[i], FILE_count_w);
	for (int i = 0; i < 4; i++)
		assert_int_equal(hear(victims[i]), 0);
	assert_int_equal(*counter, 4 * VICTIM_FILELOCK_ROUNDS);
}

static void a_killed_holder_frees_it(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);
	struct child *other = filelock_start_b(names, names->rules);

	assert_int_equal(victim_do(holder, FILE_set_w), 0);
	filelock_queue(names, other, FILE_wait_w, 1);
	child_kill(holder);
	assert_int_equal(hear(other), 0);
}

static void the_holder_is_still_told(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);
	struct child *other = filelock_start(names, names->rules);

	assert_int_equal(victim_do(other, FILE_get), 0);
	assert_int_equal(victim_do(holder, FILE_set_w), 0);
	assert_int_equal(victim_do(other, FILE_get), (int)holder->pid);
	assert_int_equal(victim_do(other, FILE_lockf_test), EACCES);
	assert_int_equal(victim_do(holder, FILE_get), 0);
}

/* ---- ranges and ends ----------------------------------------------------- */

static void ranges_share_one_portlock(void **state)
{
	static const int ways[2][4] = {
		{ FILE_set_w1, FILE_set_w2, FILE_set_u1, FILE_set_u2 },
		{ FILE_ofd_w1, FILE_ofd_w2, FILE_ofd_u1, FILE_ofd_u2 },
	};
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);
	struct child *other = filelock_start(names, names->rules);

	for (int i = 0; i < 2; i++) {
		const int *way = ways[i];

		assert_int_equal(victim_do(holder, way[0]), 0);
		assert_int_equal(victim_do(other, way[1]), EAGAIN);
		assert_int_equal(victim_do(holder, way[1]), 0);
		assert_int_equal(victim_do(holder, way[2]), 0);
		assert_int_equal(victim_do(other, way[0]), EAGAIN);
		assert_int_equal(victim_do(holder, way[3]), 0);
		assert_int_equal(victim_do(other, way[0]), 0);
		assert_int_equal(victim_do(other, way[2]), 0);
	}
}

/* As SQLite does: shared, then part of it for itself, and back. */
static void a_lock_becomes_a_read_lock(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);
	struct child *other = filelock_start(names, names->rules);

	assert_int_equal(victim_do(holder, FILE_set_r1), 0);
	assert_int_equal(victim_do(other, FILE_set_r1), 0);
	assert_false(gate_is_bound(names->key));
	assert_int_equal(victim_do(holder, FILE_set_w2), 0);
	assert_int_equal(victim_do(other, FILE_set_w2), EAGAIN);
	assert_int_equal(victim_do(holder, FILE_set_w1), EAGAIN);
	assert_int_equal(victim_do(other, FILE_set_u), 0);
	assert_int_equal(victim_do(holder, FILE_set_w1), 0);
	assert_int_equal(victim_do(holder, FILE_set_r1), 0);
	assert_true(gate_is_bound(names->key));
	assert_int_equal(victim_do(holder, FILE_set_u2), 0);
	assert_false(gate_is_bound(names->key));
	assert_int_equal(victim_do(other, FILE_set_w1), EAGAIN);
	assert_int_equal(victim_do(holder, FILE_set_u), 0);
	assert_int_equal(victim_do(other, FILE_set_w), 0);
}

static void any_descriptor_that_closes_takes_it_away(void **state)
{
	static const int closes[] = { FILE_close_other, FILE_fclose_other,
				      FILE_close, FILE_close_range };
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);
	struct child *other = filelock_start(names, names->rules);

	for (int i = 0; i < 4; i++) {
		assert_int_equal(victim_do(holder, FILE_set_w), 0);
		assert_int_equal(victim_do(holder, FILE_again), 0);
		assert_int_equal(victim_do(other, FILE_set_w), EAGAIN);
		assert_int_equal(victim_do(holder, closes[i]), 0);
		assert_false(gate_is_bound(names->key));
		assert_int_equal(victim_do(other, FILE_set_w), 0);
		assert_int_equal(victim_do(other, FILE_set_u), 0);
	}
}

/* No tie leads from that to the lock. */
static void an_unlock_by_an_older_copy_ends_it(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);
	struct child *other = filelock_start_b(names, names->rules);

	assert_int_equal(victim_do(holder, FILE_copy), 0);
	assert_int_equal(victim_do(holder, FILE_ofd_w), 0);
	assert_int_equal(victim_do(holder, FILE_swap), 0);
	assert_int_equal(victim_do(holder, FILE_ofd_u1), 0);
	assert_int_equal(victim_do(other, FILE_ofd_w), EAGAIN);
	assert_int_equal(victim_do(holder, FILE_ofd_u), 0);
	assert_int_equal(victim_do(other, FILE_ofd_w), 0);
}

static void copies_and_other_files_do_not(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);

	assert_int_equal(victim_do(holder, FILE_set_w), 0);
	assert_int_equal(victim_do(holder, FILE_copy), 0);
	assert_true(gate_is_bound(names->key));
	assert_int_equal(victim_do(holder, FILE_b), 0);
	assert_int_equal(victim_do(holder, FILE_close), 0);
	assert_true(gate_is_bound(names->key));
	assert_int_equal(victim_do(holder, FILE_close), 0);
	assert_false(gate_is_bound(names->key));
}

static void a_child_has_no_locks_and_ends_none(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);
	struct child *other = filelock_start_b(names, names->rules);

	assert_int_equal(victim_do(holder, FILE_set_w), 0);
	assert_int_equal(victim_do(holder, FILE_fork_and_obey), 0);
	assert_int_equal(victim_do(holder, FILE_close), 0);
	assert_int_equal(victim_do(other, FILE_set_w), EAGAIN);
	kill(holder->pid, SIGTERM);
	assert_int_equal(victim_do(other, FILE_wait_w), 0);
}

static void a_thread_is_not_excluded(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);

	assert_int_equal(victim_do(holder, FILE_set_w), 0);
	assert_int_equal(victim_do(holder, FILE_wait_w_in_thread), 0);
	assert_int_equal(victim_do(holder, FILE_b), 0);
	assert_int_equal(victim_do(holder, FILE_wait_w_in_thread), 0);
	assert_int_equal(victim_do(holder, FILE_set_u), 0);
	assert_true(gate_is_bound(names->key));
}

static void read_locks_are_exclusive_if_the_rule_says_so(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->exclusive);
	struct child *other = filelock_start_b(names, names->exclusive);

	assert_int_equal(victim_do(holder, FILE_set_r), 0);
	assert_int_equal(victim_do(other, FILE_set_r), EAGAIN);
	assert_int_equal(victim_do(holder, FILE_set_u1), 0);
	assert_int_equal(victim_do(other, FILE_set_r), EAGAIN);
	assert_int_equal(victim_do(holder, FILE_set_u), 0);
	assert_int_equal(victim_do(other, FILE_set_r), 0);
}

/* ---- ends of waits ------------------------------------------------------- */

static void what_is_wrong_fails_as_ever(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_start(names, names->rules);
	struct child *other = filelock_start(names, names->rules);

	assert_int_equal(victim_do(other, FILE_set_refused), 0);
	assert_int_equal(victim_do(holder, FILE_set_w), 0);
	assert_int_equal(victim_do(other, FILE_set_refused), 0);
}

static void other_commands_are_as_ever(void **state)
{
	struct filelock_names *names = *state;

	assert_int_equal(
		victim_do(filelock_start(names, names->rules), FILE_flags), 0);
	assert_int_equal(victim_do(filelock_start(names, BARE), FILE_flags), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, filelock_setup, filelock_teardown)
		TEST(two_files_with_one_key_exclude_each_other),
		TEST(a_bare_program_is_excluded_and_excludes),
		TEST(who_waits_gets_it_in_order),
		TEST(counting_together_loses_no_count),
		TEST(a_killed_holder_frees_it),
		TEST(the_holder_is_still_told),
		TEST(ranges_share_one_portlock),
		TEST(a_lock_becomes_a_read_lock),
		TEST(any_descriptor_that_closes_takes_it_away),
		TEST(an_unlock_by_an_older_copy_ends_it),
		TEST(copies_and_other_files_do_not),
		TEST(a_child_has_no_locks_and_ends_none),
		TEST(a_thread_is_not_excluded),
		TEST(read_locks_are_exclusive_if_the_rule_says_so),
		TEST(what_is_wrong_fails_as_ever),
		TEST(other_commands_are_as_ever),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
