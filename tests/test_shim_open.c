/* SPDX-License-Identifier: MIT */
/* test_shim_open.c - the family "open": who has a file open, others wait for. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/opened.h"

#define RULE_EXIT RULE_OPEN " hold=exit"

static bool is_held(const struct lockfile *file)
{
	return gate_is_bound(file->key);
}

/* ---- what waits, and until when ------------------------------------------ */

static void updates_are_lost_without(void **state)
{
	struct lockfile *file = *state;
	struct child *first = opened_start(file, BARE),
		     *second = opened_start(file, BARE);

	assert_int_equal(victim_do(first, OPEN_update), 0);
	assert_int_equal(victim_do(first, OPEN_value), 1);
	assert_int_equal(victim_do(second, OPEN_update), 0);
	assert_int_equal(victim_do(second, OPEN_value), 1);
	assert_int_equal(victim_do(second, OPEN_add), 0);
	assert_int_equal(victim_do(first, OPEN_add), 0);
	assert_int_equal(opened_value(file), 2);
}

static void updates_are_not_lost(void **state)
{
	struct lockfile *file = *state;
	struct child *victims[4];

	for (int i = 0; i < 4; i++)
		victims[i] = opened_start(file, RULE_OPEN);
	for (int i = 0; i < 4; i++)
		say(victims[i], i % 2 ? OPEN_count : OPEN_count_streams);
	for (int i = 0; i < 4; i++)
		assert_int_equal(hear(victims[i]), 0);
	assert_int_equal(opened_value(file), 1 + 4 * OPEN_COUNT);
	assert_false(is_held(file));
}

static void every_open_waits(void **state)
{
	static const int ways[] = {
		OPEN_read,	  OPEN_update,	     OPEN_open64,
		OPEN_openat,	  OPEN_openat64,     OPEN_fortified,
		OPEN_create,	  OPEN_stream,	     OPEN_restream,
		OPEN_alias,	  OPEN_link,	     OPEN_truncate,
		OPEN_creat,	  OPEN_exclusive,    OPEN_stream_write,
		OPEN_fortified64, OPEN_fortified_at, OPEN_fortified_at64,
		OPEN___open,	  OPEN___open64,     OPEN_creat64,
		OPEN_stream64,	  OPEN_restream64,
	};
	struct lockfile *file = *state;
	struct child *holder = opened_start(file, RULE_OPEN);

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct child *victim = opened_start(file, RULE_OPEN);

		assert_int_equal(victim_do(holder, OPEN_update), 0);
		opened_wait(file, victim, ways[i]);
		/* What would be emptied is not, yet. */
		assert_int_equal(opened_value(file), 1);
		assert_int_equal(victim_do(holder, OPEN_close), 0);
		assert_int_equal(hear(victim),
				 ways[i] == OPEN_exclusive ? EEXIST : 0);
		assert_int_equal(is_held(file), ways[i] != OPEN_exclusive);
		assert_int_equal(child_end(victim), 0);
		assert_false(is_held(file));
		truncate(file->protects, 0);
		write_file(file->protects, "1\n");
	}
}

static void without_a_rule_no_open_waits(void **state)
{
	static const char rules[] = "sem /portlock-test-*";
	struct lockfile *file = *state;
	struct child *holder = opened_holder(file);

	for (int way = OPEN_read; way <= OPEN_restream64; way++) {
		struct child *victim = opened_start(file, rules);

		assert_int_equal(victim_do(victim, way),
				 way == OPEN_exclusive ? EEXIST : 0);
		child_end(victim);
	}
	child_end(holder);
}

static void what_is_made_is_held(void **state)
{
	static const int ways[] = { OPEN_create, OPEN_creat, OPEN_exclusive,
				    OPEN_stream_write };
	struct lockfile *file = *state;

	for (int i = 0; i < 4; i++) {
		struct child *holder = opened_start(file, RULE_OPEN);
		struct child *victim = opened_start(file, RULE_OPEN);

		assert_int_equal(unlink(file->protects), 0);
		assert_int_equal(victim_do(holder, ways[i]), 0);
		opened_wait(file, victim, ways[i]);
		child_kill(holder);
		assert_int_equal(hear(victim),
				 ways[i] == OPEN_exclusive ? EEXIST : 0);
		child_end(victim);
	}
}

static void every_close_ends_it(void **state)
{
	static const int ways[] = { OPEN_close,	      OPEN___close,
				    OPEN_fclose,      OPEN__IO_fclose,
				    OPEN_close_range, OPEN_overwrite,
				    OPEN_closefrom };
	struct lockfile *file = *state;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct child *holder = opened_start(file, RULE_OPEN);

		assert_int_equal(victim_do(holder, OPEN_stream), 0);
		assert_true(is_held(file));
		assert_int_equal(victim_do(holder, ways[i]), 0);
		assert_false(is_held(file));
		child_kill(holder);
	}
}

static void what_closes_nothing_does_not_end_it(void **state)
{
	static const int ways[] = { OPEN_overwrite_fails,
				    OPEN_close_range_cloexec,
				    OPEN_copy,
				    OPEN_copy2,
				    OPEN_copy3,
				    OPEN___dup2,
				    OPEN_child_closes,
				    OPEN_child_closes2 };
	struct lockfile *file = *state;
	struct child *holder = opened_holder(file);

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		assert_int_equal(victim_do(holder, ways[i]), 0);
		assert_true(is_held(file));
	}
	assert_int_equal(victim_do(holder, OPEN_close), 0);
	assert_false(is_held(file));
}

static void another_mode_is_the_same_file(void **state)
{
	struct lockfile *file = *state;
	struct child *holder = opened_start(file, RULE_OPEN);

	assert_int_equal(victim_do(holder, OPEN_stream), 0);
	assert_int_equal(victim_do(holder, OPEN_mode), 0);
	assert_true(is_held(file));
	assert_int_equal(victim_do(holder, OPEN_fclose), 0);
	assert_false(is_held(file));
}

static void the_last_one_ends_it(void **state)
{
	struct lockfile *file = *state;
	struct child *holder = opened_holder(file);

	assert_int_equal(victim_do(holder, OPEN_alias), 0);
	assert_int_equal(victim_do(holder, OPEN_close), 0);
	assert_true(is_held(file));
	child_kill(holder);
	assert_false(is_held(file));
}

/* ---- what else is in the file -------------------------------------------- */

static void a_waiter_opens_what_is_there_then(void **state)
{
	static const int ways[] = { OPEN_read, OPEN_stream, OPEN_restream,
				    OPEN_create };
	struct lockfile *file = *state;

	for (int i = 0; i < 4; i++) {
		struct child *holder = opened_holder(file);
		struct child *victim = opened_start(file, RULE_OPEN);

		opened_wait(file, victim, ways[i]);
		assert_int_equal(victim_do(holder, OPEN_replace), 0);
		assert_int_equal(victim_do(holder, OPEN_close), 0);
		assert_int_equal(hear(victim), 0);
		assert_int_equal(victim_do(victim, OPEN_value), 2 + i);
		child_end(holder);
		child_end(victim);
	}
}

static void hold_exit_lasts_longer_than_the_file(void **state)
{
	struct lockfile *file = *state;
	struct child *holder = opened_start(file, RULE_EXIT);
	struct child *victim = opened_start(file, RULE_EXIT);

	assert_int_equal(victim_do(holder, OPEN_update), 0);
	assert_int_equal(victim_do(holder, OPEN_replace), 0);
	assert_int_equal(victim_do(holder, OPEN_close), 0);
	opened_wait(file, victim, OPEN_update);
	assert_int_equal(victim_do(holder, OPEN_update), 0);
	child_end(holder);
	assert_int_equal(hear(victim), 0);
}

static void what_does_not_count(void **state)
{
	static const int ways[] = { OPEN_beside, OPEN_path, OPEN_directory };
	struct lockfile *file = *state;

	for (int i = 0; i < 3; i++) {
		struct child *victim = opened_start(file, RULE_OPEN);

		assert_int_equal(victim_do(victim, ways[i]), 0);
		assert_false(is_held(file));
	}
}

static void a_failed_open_holds_nothing(void **state)
{
	struct lockfile *file = *state;
	struct child *victim = opened_start(file, RULE_OPEN);

	assert_int_equal(victim_do(victim, OPEN_exclusive), EEXIST);
	assert_false(is_held(file));
	assert_int_equal(unlink(file->protects), 0);
	assert_int_equal(victim_do(victim, OPEN_update), ENOENT);
	assert_int_equal(victim_do(victim, OPEN_truncate), ENOENT);
	assert_false(is_held(file));
}

/* ---- processes ----------------------------------------------------------- */

static void children_are_inside(void **state)
{
	struct lockfile *file = *state;
	struct child *holder = opened_holder(file);

	assert_int_equal(victim_do(holder, OPEN_in_child), 0);
	assert_int_equal(opened_value(file), 2);
	assert_true(is_held(file));
}

static void exec_ends_it(void **state)
{
	static const int ways[] = { OPEN_exec, OPEN_execlp, OPEN_execle };
	struct lockfile *file = *state;

	for (int i = 0; i < 3; i++) {
		struct child *holder = opened_holder(file);
		struct child *victim = opened_start(file, RULE_OPEN);

		opened_wait(file, victim, OPEN_update);
		say(holder, ways[i]);
		assert_int_equal(hear(victim), 0);
		/* It serves on as what it has become. */
		assert_int_equal(victim_do(holder, OPEN_nothing), 0);
		child_end(victim);
		child_end(holder);
	}
}

#define test(name)                                                             \
	cmocka_unit_test_setup_teardown(name, opened_setup, lockfile_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(updates_are_lost_without),
		test(updates_are_not_lost),
		test(every_open_waits),
		test(without_a_rule_no_open_waits),
		test(what_is_made_is_held),
		test(every_close_ends_it),
		test(what_closes_nothing_does_not_end_it),
		test(another_mode_is_the_same_file),
		test(the_last_one_ends_it),
		test(a_waiter_opens_what_is_there_then),
		test(hold_exit_lasts_longer_than_the_file),
		test(what_does_not_count),
		test(a_failed_open_holds_nothing),
		test(children_are_inside),
		test(exec_ends_it),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
