/* SPDX-License-Identifier: MIT */
/* test_shim_lockfile.c - programs that make lock files wait for their turn. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/lockfile.h"

/* ---- waiting ------------------------------------------------------------- */

static void bare_the_second_fails(void **state)
{
	struct lockfile *file = *state;

	lockfile_maker(file, BARE, LOCKFILE_open);
	assert_int_equal(victim_do(lockfile_victim(file, BARE), LOCKFILE_open),
			 EEXIST);
}

static void without_a_matching_rule_the_second_fails(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = lockfile_maker(file, NO_RULE, LOCKFILE_open);

	assert_false(is_marked(file->name));
	assert_int_equal(
		victim_do(lockfile_victim(file, NO_RULE), LOCKFILE_open),
		EEXIST);
	child_kill(maker);
	assert_int_equal(
		victim_do(lockfile_victim(file, NO_RULE), LOCKFILE_open),
		EEXIST);
}

/* One makes the file and removes it; the other, which waited, then has it. */
struct pair {
	struct lockfile *file;
	struct child *maker, *waiter;
};

static struct pair start_pair(struct lockfile *file)
{
	return (struct pair){ file, lockfile_victim(file, RULES),
			      lockfile_victim(file, RULES) };
}

static void pass_on(struct pair *pair, int make, int remove)
{
	assert_int_equal(victim_do(pair->maker, make), 0);
	lockfile_wait(pair->file, pair->waiter, make);
	assert_int_equal(victim_do(pair->maker, remove), 0);
	assert_int_equal(hear(pair->waiter), 0);
	assert_true(lockfile_exists(pair->file));
	assert_int_equal(victim_do(pair->waiter, LOCKFILE_remove), 0);
}

static void every_way_to_make_it_waits(void **state)
{
	static const int ways[] = {
		LOCKFILE_open,		LOCKFILE_open64,
		LOCKFILE_openat,	LOCKFILE_fopen,
		LOCKFILE_mkdir,		LOCKFILE_mkdirat,
		LOCKFILE_link,		LOCKFILE_linkat,
		LOCKFILE_symlink,	LOCKFILE_symlinkat,
		LOCKFILE_link_nameless, LOCKFILE_link_nameless_fd,
		LOCKFILE_rename_into,
	};
	struct pair pair = start_pair(*state);

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		pass_on(&pair, ways[i], LOCKFILE_remove);
}

static void every_way_to_remove_it_wakes(void **state)
{
	static const int ways[] = {
		LOCKFILE_unlink,	  LOCKFILE_unlinkat,
		LOCKFILE_remove,	  LOCKFILE_rename,
		LOCKFILE_renameat,	  LOCKFILE_unlink_in_handler,
		LOCKFILE_unlink_in_child,
	};
	struct pair pair = start_pair(*state);

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		pass_on(&pair, LOCKFILE_open, ways[i]);
	pass_on(&pair, LOCKFILE_mkdir, LOCKFILE_rmdir);
	pass_on(&pair, LOCKFILE_mkdir, LOCKFILE_rmdirat);
}

static void waiters_are_served_in_order(void **state)
{
	struct lockfile *file = *state;
	struct child *all[5];

	all[0] = lockfile_maker(file, RULES, LOCKFILE_open);
	for (int i = 1; i < 5; i++)
		all[i] = lockfile_victim(file, RULES);
	lockfile_wait(file, all[1], LOCKFILE_open);
	for (int i = 2; i < 5; i++)
		lockfile_wait_behind(file, all[i], i - 1);
	for (int i = 1; i < 5; i++) {
		assert_int_equal(victim_do(all[i - 1], LOCKFILE_unlink), 0);
		assert_int_equal(hear(all[i]), 0);
		for (int later = i + 1; later < 5; later++)
			assert_false(has_said(all[later]));
	}
}

static void eight_processes_take_turns(void **state)
{
	struct lockfile *file = *state;
	long *counter = victim_share();
	struct child *all[8];

	*counter = 0;
	for (int i = 0; i < 8; i++)
		all[i] = lockfile_victim(file, RULES);
	for (int i = 0; i < 8; i++)
		say(all[i], LOCKFILE_turns);
	for (int i = 0; i < 8; i++)
		assert_int_equal(hear(all[i]), 0);
	assert_int_equal(*counter, 8 * VICTIM_LOCKFILE_ROUNDS);
	victim_unshare();
	assert_false(lockfile_exists(file));
}

static void all_paths_of_a_file_are_one_lock(void **state)
{
	static const int ways[] = { LOCKFILE_open_here,
				    LOCKFILE_open_by_alias };
	struct lockfile *file = *state;

	for (int i = 0; i < 2; i++) {
		struct child *maker = lockfile_maker(file, RULES, ways[i]);
		struct child *waiter = lockfile_victim(file, RULES);

		lockfile_wait(file, waiter, ways[!i]);
		assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
		assert_int_equal(hear(waiter), 0);
		assert_int_equal(victim_do(waiter, LOCKFILE_unlink), 0);
	}
}

/* ---- files of others ----------------------------------------------------- */

static void removal_by_another_process_wakes(void **state)
{
	struct lockfile *file = *state;
	struct child *waiter = lockfile_victim(file, RULES);

	lockfile_maker(file, RULES, LOCKFILE_open);
	lockfile_wait(file, waiter, LOCKFILE_open);
	assert_int_equal(unlink(file->name), 0);
	assert_int_equal(hear(waiter), 0);
}

static void a_file_from_outside_is_waited_for(void **state)
{
	struct lockfile *file = *state;
	struct child *waiter = lockfile_victim(file, RULES);

	write_file(file->name, "");
	lockfile_wait(file, waiter, LOCKFILE_open);
	/* By now it sleeps for longer, until the kernel tells it. */
	sleep_ns(MOMENT);
	assert_false(has_said(waiter));
	assert_int_equal(unlink(file->name), 0);
	assert_int_equal(hear(waiter), 0);
}

static void a_folder_from_outside_is_waited_for(void **state)
{
	struct lockfile *file = *state;
	struct child *waiter = lockfile_victim(file, RULES);

	assert_int_equal(mkdir(file->name, 0700), 0);
	lockfile_wait(file, waiter, LOCKFILE_mkdir);
	sleep_ns(MOMENT);
	assert_int_equal(rmdir(file->name), 0);
	assert_int_equal(hear(waiter), 0);
}

static void at_the_timeout_it_fails_and_the_file_stays(void **state)
{
	struct lockfile *file = *state;
	struct child *waiter = lockfile_victim(file, RULES_SHORT);
	int64_t start = now_ns();

	write_file(file->name, "");
	assert_int_equal(victim_do(waiter, LOCKFILE_open), EEXIST);
	assert_true(now_ns() - start >= 50000000);
	assert_true(lockfile_exists(file));
	assert_true(victim_log_has("end of the rule's timeout"));
}

static void the_timeout_holds_in_the_queue_too(void **state)
{
	struct lockfile *file = *state;
	struct child *first = lockfile_victim(file, RULES);

	lockfile_maker(file, RULES, LOCKFILE_open);
	lockfile_wait(file, first, LOCKFILE_open);
	assert_int_equal(
		victim_do(lockfile_victim(file, RULES_SHORT), LOCKFILE_open),
		EEXIST);
	assert_false(has_said(first));
}

/* Again and again: one that comes between two sleeps is not noticed. */
static bool has_ended_by_signal(void *waiter)
{
	kill(((struct child *)waiter)->pid, SIGUSR2);
	return has_said(waiter);
}

static void a_signal_handler_ends_the_wait(void **state)
{
	struct lockfile *file = *state;
	struct child *first = lockfile_victim(file, RULES);
	struct child *second = lockfile_victim(file, RULES);
	struct child *outside = lockfile_victim(file, RULES);

	lockfile_maker(file, RULES, LOCKFILE_open);
	assert_int_equal(victim_do(first, LOCKFILE_handle_signals), 0);
	assert_int_equal(victim_do(second, LOCKFILE_handle_signals), 0);
	lockfile_wait(file, first, LOCKFILE_open);
	lockfile_wait_behind(file, second, 1);
	wait_until(has_ended_by_signal, second);
	assert_int_equal(hear(second), EEXIST);
	assert_false(has_said(first));
	wait_until(has_ended_by_signal, first);
	assert_int_equal(hear(first), EEXIST);
	/* Also where there is no maker to wait for. */
	assert_int_equal(unlink(file->name), 0);
	write_file(file->name, "");
	assert_int_equal(victim_do(outside, LOCKFILE_handle_signals), 0);
	lockfile_wait(file, outside, LOCKFILE_open);
	wait_until(has_ended_by_signal, outside);
	assert_int_equal(hear(outside), EEXIST);
}

static void one_that_restarts_calls_does_not(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = lockfile_maker(file, RULES, LOCKFILE_open);
	struct child *waiter = lockfile_victim(file, RULES);

	assert_int_equal(victim_do(waiter, LOCKFILE_restart_signals), 0);
	lockfile_wait(file, waiter, LOCKFILE_open);
	kill(waiter->pid, SIGUSR2);
	wait_asleep(waiter->pid);
	assert_false(has_said(waiter));
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	assert_int_equal(hear(waiter), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lockfile(bare_the_second_fails),
		with_lockfile(without_a_matching_rule_the_second_fails),
		with_lockfile(every_way_to_make_it_waits),
		with_lockfile(every_way_to_remove_it_wakes),
		with_lockfile(waiters_are_served_in_order),
		with_lockfile(eight_processes_take_turns),
		with_lockfile(all_paths_of_a_file_are_one_lock),
		with_lockfile(removal_by_another_process_wakes),
		with_lockfile(a_file_from_outside_is_waited_for),
		with_lockfile(a_folder_from_outside_is_waited_for),
		with_lockfile(at_the_timeout_it_fails_and_the_file_stays),
		with_lockfile(the_timeout_holds_in_the_queue_too),
		with_lockfile(a_signal_handler_ends_the_wait),
		with_lockfile(one_that_restarts_calls_does_not),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
