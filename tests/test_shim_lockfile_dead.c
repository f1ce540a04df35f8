/* SPDX-License-Identifier: MIT */
/* test_shim_lockfile_dead.c - the lock files of killed processes go, those of
 * all others stay.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/lockfile.h"

#define REMOVED "the process that left it is dead"

/* Needs what a mark can be put on. */
static struct child *marked_maker(struct lockfile *file, int command)
{
	struct child *maker = lockfile_maker(file, RULES, command);

	if (!is_marked(file->name))
		skip();
	return maker;
}

static void bare_a_killed_maker_s_file_blocks_the_next(void **state)
{
	struct lockfile *file = *state;

	child_kill(lockfile_maker(file, BARE, LOCKFILE_open));
	assert_int_equal(victim_do(lockfile_victim(file, BARE), LOCKFILE_open),
			 EEXIST);
}

static void a_killed_maker_s_file_goes(void **state)
{
	static const int ways[] = { LOCKFILE_open, LOCKFILE_openat,
				    LOCKFILE_fopen, LOCKFILE_mkdir };
	struct lockfile *file = *state;

	for (int i = 0; i < 4; i++) {
		struct child *next = lockfile_victim(file, RULES);

		child_kill(marked_maker(file, ways[i]));
		assert_true(lockfile_exists(file));
		assert_int_equal(victim_do(next, ways[i]), 0);
		assert_true(victim_log_has(REMOVED));
		assert_int_equal(victim_do(next, LOCKFILE_remove), 0);
	}
}

static bool is_empty(const char *folder)
{
	DIR *all = opendir(folder);
	struct dirent *one;
	int count = 0;

	require(all);
	while ((one = readdir(all)))
		count++;
	closedir(all);
	return count == 2; /* . and .. */
}

static void it_goes_whenever_the_maker_was_killed(void **state)
{
	const int64_t most = 400000; /* ns, for some rounds of the loop */
	struct lockfile *file = *state;
	struct child *next;

	marked_maker(file, LOCKFILE_open);
	assert_int_equal(unlink(file->name), 0);
	next = lockfile_victim(file, RULES);
	for (int i = 0; i < rounds(300); i++) {
		struct child *maker = lockfile_victim(file, RULES);

		say(maker, LOCKFILE_loop);
		sleep_ns((int64_t)i * 7919 * 13 % most);
		child_kill(maker);
		assert_int_equal(victim_do(next, LOCKFILE_open), 0);
		assert_int_equal(victim_do(next, LOCKFILE_unlink), 0);
		assert_true(is_empty(file->folder));
	}
}

static void it_goes_for_one_that_does_not_wait(void **state)
{
	struct lockfile *file = *state;

	child_kill(marked_maker(file, LOCKFILE_open));
	assert_int_equal(
		victim_do(lockfile_victim(file, RULES_TRY), LOCKFILE_open), 0);
}

static void one_that_waits_goes_on_when_the_maker_is_killed(void **state)
{
	struct lockfile *file = *state;

	for (int longer = 0; longer < 2; longer++) {
		struct child *maker = marked_maker(file, LOCKFILE_open);
		struct child *waiter = lockfile_victim(file, RULES);

		lockfile_wait(file, waiter, LOCKFILE_open);
		if (longer)
			sleep_ns(MOMENT);
		child_kill(maker);
		assert_int_equal(hear(waiter), 0);
		assert_int_equal(victim_do(waiter, LOCKFILE_unlink), 0);
	}
}

static void of_several_waiters_one_gets_it(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = marked_maker(file, LOCKFILE_open);
	struct child *first = lockfile_victim(file, RULES);
	struct child *second = lockfile_victim(file, RULES);

	lockfile_wait(file, first, LOCKFILE_open);
	lockfile_wait_behind(file, second, 1);
	child_kill(maker);
	assert_int_equal(hear(first), 0);
	sleep_ns(MOMENT);
	assert_false(has_said(second));
	child_kill(first);
	assert_int_equal(hear(second), 0);
}

static void a_live_maker_s_file_stays(void **state)
{
	struct lockfile *file = *state;

	lockfile_maker(file, RULES, LOCKFILE_open);
	assert_int_equal(
		victim_do(lockfile_victim(file, RULES_SHORT), LOCKFILE_open),
		EEXIST);
	assert_int_equal(
		victim_do(lockfile_victim(file, RULES_TRY), LOCKFILE_open),
		EEXIST);
	assert_true(lockfile_exists(file));
}

static void a_file_from_outside_stays(void **state)
{
	struct lockfile *file = *state;

	child_kill(lockfile_maker(file, BARE, LOCKFILE_open));
	assert_int_equal(
		victim_do(lockfile_victim(file, RULES_SHORT), LOCKFILE_open),
		EEXIST);
	assert_true(lockfile_exists(file));
}

static void what_is_left_at_a_clean_end_stays(void **state)
{
	static const int ways[] = { LOCKFILE_exit, LOCKFILE__exit,
				    LOCKFILE_quick_exit, LOCKFILE_nothing };
	struct lockfile *file = *state;

	for (int i = 0; i < 4; i++) {
		struct child *maker =
			lockfile_maker(file, RULES, LOCKFILE_open);

		/* The last one's input ends, and main() returns. */
		if (ways[i] != LOCKFILE_nothing)
			say(maker, ways[i]);
		assert_int_equal(child_end(maker), 0);
		assert_false(is_marked(file->name));
		assert_int_equal(victim_do(lockfile_victim(file, RULES_SHORT),
					   LOCKFILE_open),
				 EEXIST);
		assert_true(lockfile_exists(file));
		assert_int_equal(unlink(file->name), 0);
	}
	assert_false(victim_log_has(REMOVED));
}

static void what_is_left_at_an_exec_stays(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = lockfile_maker(file, RULES, LOCKFILE_open);

	say(maker, LOCKFILE_exec);
	assert_int_equal(victim_do(maker, LOCKFILE_nothing), 0);
	assert_false(is_marked(file->name));
	child_kill(maker);
	assert_int_equal(
		victim_do(lockfile_victim(file, RULES_SHORT), LOCKFILE_open),
		EEXIST);
	assert_true(lockfile_exists(file));
}

static void after_an_exec_that_failed_it_is_as_before(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = marked_maker(file, LOCKFILE_open);

	assert_int_equal(victim_do(maker, LOCKFILE_exec_fails), 0);
	assert_true(is_marked(file->name));
	child_kill(maker);
	assert_int_equal(victim_do(lockfile_victim(file, RULES), LOCKFILE_open),
			 0);
}

static void a_child_that_ends_leaves_its_parent_s_mark(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = marked_maker(file, LOCKFILE_open);

	/* The child ends in _exit(), the program in exit(). */
	assert_int_equal(victim_do(maker, LOCKFILE_open_in_child), EEXIST);
	assert_int_equal(victim_do(maker, LOCKFILE_open_in_program), 1);
	assert_true(is_marked(file->name));
}

static void a_file_renamed_into_place_by_a_killed_maker_stays(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = lockfile_maker(file, RULES, LOCKFILE_open);

	assert_int_equal(victim_do(maker, LOCKFILE_rename), 0);
	child_kill(maker);
	assert_int_equal(victim_do(lockfile_victim(file, RULES), LOCKFILE_open),
			 0);
	assert_int_equal(access(file->protects, F_OK), 0);
}

static void a_dead_maker_s_full_folder_stays(void **state)
{
	struct lockfile *file = *state;
	struct child *next = lockfile_victim(file, RULES_SHORT);
	char inside[PATH_MAX + 8];

	child_kill(marked_maker(file, LOCKFILE_mkdir));
	snprintf(inside, sizeof(inside), "%s/pid", file->name);
	write_file(inside, "1");
	assert_int_equal(victim_do(next, LOCKFILE_mkdir), EEXIST);
	assert_int_equal(unlink(inside), 0);
	assert_int_equal(victim_do(next, LOCKFILE_mkdir), 0);
}

static void without_attributes_there_is_only_the_wait(void **state)
{
	struct lockfile *file = *state;
	struct child *waiter;

	/* In name spaces of our own; this is the last test. */
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", "", MS_REC | MS_PRIVATE, "") < 0 ||
	    mount("none", file->folder, "ramfs", 0, "") < 0)
		skip();
	child_kill(lockfile_maker(file, RULES, LOCKFILE_open));
	assert_false(is_marked(file->name));
	waiter = lockfile_victim(file, RULES);
	lockfile_wait(file, waiter, LOCKFILE_open);
	sleep_ns(MOMENT);
	assert_false(has_said(waiter));
	assert_int_equal(unlink(file->name), 0);
	assert_int_equal(hear(waiter), 0);
	assert_int_equal(victim_do(waiter, LOCKFILE_unlink), 0);
	child_end(waiter);
	assert_int_equal(umount2(file->folder, MNT_DETACH), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lockfile(bare_a_killed_maker_s_file_blocks_the_next),
		with_lockfile(a_killed_maker_s_file_goes),
		with_lockfile(it_goes_whenever_the_maker_was_killed),
		with_lockfile(it_goes_for_one_that_does_not_wait),
		with_lockfile(one_that_waits_goes_on_when_the_maker_is_killed),
		with_lockfile(of_several_waiters_one_gets_it),
		with_lockfile(a_live_maker_s_file_stays),
		with_lockfile(a_file_from_outside_stays),
		with_lockfile(what_is_left_at_a_clean_end_stays),
		with_lockfile(what_is_left_at_an_exec_stays),
		with_lockfile(after_an_exec_that_failed_it_is_as_before),
		with_lockfile(a_child_that_ends_leaves_its_parent_s_mark),
		with_lockfile(
			a_file_renamed_into_place_by_a_killed_maker_stays),
		with_lockfile(a_dead_maker_s_full_folder_stays),
		with_lockfile(without_attributes_there_is_only_the_wait),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
