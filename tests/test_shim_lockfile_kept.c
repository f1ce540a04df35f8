/* SPDX-License-Identifier: MIT */
/* test_shim_lockfile_kept.c - what a live process has nobody takes, whatever
 * happens to its rights and paths, and no process takes what is another's.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "support/lockfile.h"

static struct child *marked_maker(struct lockfile *file)
{
	struct child *maker = lockfile_maker(file, RULES, LOCKFILE_open);

	if (!is_marked(file->name))
		skip();
	return maker;
}

static void assert_kept(struct lockfile *file)
{
	assert_int_equal(
		victim_do(lockfile_victim(file, RULES_SHORT), LOCKFILE_open),
		EEXIST);
	assert_true(lockfile_exists(file));
}

static void removing_a_namesake_is_no_end(void **state)
{
	static const int changes[] = { LOCKFILE_nothing, LOCKFILE_nobody,
				       LOCKFILE_chroot };
	struct lockfile *file = *state;
	char other[PATH_MAX];

	snprintf(other, sizeof(other), "%s/other", file->folder);
	if (geteuid() != 0)
		skip(); /* only root changes its user or its root */
	for (int i = 0; i < 3; i++) {
		struct child *maker = marked_maker(file);

		assert_int_equal(victim_do(maker, LOCKFILE_make_namesake), 0);
		assert_int_equal(victim_do(maker, changes[i]), 0);
		assert_int_equal(victim_do(maker, LOCKFILE_remove_namesake), 0);
		assert_kept(file);
		assert_int_equal(unlink(file->name), 0);
		assert_int_equal(rmdir(other), 0);
	}
}

static void a_moved_directory_is_no_end(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = marked_maker(file);
	char moved[PATH_MAX];

	snprintf(moved, sizeof(moved), "%s-moved", file->folder);
	assert_int_equal(victim_do(maker, LOCKFILE_make_namesake), 0);
	assert_int_equal(victim_do(maker, LOCKFILE_move), 0);
	assert_int_equal(victim_do(maker, LOCKFILE_remove_namesake), 0);
	assert_int_equal(rename(moved, file->folder), 0);
	assert_kept(file);
	child_kill(maker);
	assert_int_equal(victim_do(lockfile_victim(file, RULES), LOCKFILE_open),
			 0);
}

static void what_is_left_with_other_rights_stays(void **state)
{
	static const int changes[] = { LOCKFILE_nobody, LOCKFILE_chroot,
				       LOCKFILE_nobody_to_files,
				       LOCKFILE_mounts_elsewhere };
	struct lockfile *file = *state;

	if (geteuid() != 0)
		skip();
	for (int i = 0; i < 4; i++) {
		struct child *maker = marked_maker(file);

		assert_int_equal(victim_do(maker, changes[i]), 0);
		assert_int_equal(child_end(maker), 0);
		assert_kept(file);
		assert_int_equal(unlink(file->name), 0);
	}
}

static void who_still_has_its_rights_keeps_the_mark(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = marked_maker(file);

	assert_int_equal(victim_do(maker, LOCKFILE_same_user), 0);
	assert_true(is_marked(file->name));
	assert_int_not_equal(victim_do(maker, LOCKFILE_chroot_fails), 0);
	assert_true(is_marked(file->name));
	child_kill(maker);
	assert_int_equal(victim_do(lockfile_victim(file, RULES), LOCKFILE_open),
			 0);
}

static void a_late_handler_does_not_remove_the_next_file(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = marked_maker(file);

	assert_int_equal(victim_do(maker, LOCKFILE_rename_interrupted), ENOENT);
	assert_true(lockfile_exists(file));
	/* By now it means it. */
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	assert_false(lockfile_exists(file));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lockfile(removing_a_namesake_is_no_end),
		with_lockfile(a_moved_directory_is_no_end),
		with_lockfile(what_is_left_with_other_rights_stays),
		with_lockfile(who_still_has_its_rights_keeps_the_mark),
		with_lockfile(a_late_handler_does_not_remove_the_next_file),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
