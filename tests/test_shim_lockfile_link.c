/* SPDX-License-Identifier: MIT */
/* test_shim_lockfile_link.c - lock files that get their name from link(), or
 * from a rename that replaces nothing, and what happens to their other names.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "support/lockfile.h"

/* A rule for the temporary name, too. */
#define RULES_BROAD "lockfile */portlock-test-*/x.lock* timeout=100000"
/* One for a name that no file can have. */
#define RULES_LONG "lockfile */portlock-test-*x.lock timeout=100000"

static struct child *marked_linker(struct lockfile *file, const char *rules,
				   int command)
{
	struct child *maker = lockfile_maker(file, rules, command);

	if (setxattr(file->folder, "user.portlock-test", "", 0, 0) < 0)
		skip(); /* no extended attributes here */
	assert_true(is_marked(file->name));
	return maker;
}

static void assert_kept(struct lockfile *file)
{
	assert_int_equal(
		victim_do(lockfile_victim(file, RULES_SHORT), LOCKFILE_link),
		EEXIST);
	assert_true(lockfile_exists(file));
}

/* FOLDER/x.lockSUFFIX */
static const char *other_name(struct lockfile *file, const char *suffix)
{
	static char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s%s", file->name, suffix);
	return path;
}

static void bare_a_killed_linker_s_file_blocks_the_next(void **state)
{
	struct lockfile *file = *state;

	child_kill(lockfile_maker(file, BARE, LOCKFILE_link));
	assert_int_equal(victim_do(lockfile_victim(file, BARE), LOCKFILE_link),
			 EEXIST);
}

static void a_killed_linker_s_file_goes(void **state)
{
	static const int ways[] = {
		LOCKFILE_link,		LOCKFILE_linkat,
		LOCKFILE_link_kept,	LOCKFILE_link_two,
		LOCKFILE_link_nameless, LOCKFILE_link_nameless_fd,
		LOCKFILE_rename_into
	};
	struct lockfile *file = *state;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct child *next = lockfile_victim(file, RULES);

		child_kill(marked_linker(file, RULES, ways[i]));
		assert_true(lockfile_exists(file));
		assert_int_equal(victim_do(next, LOCKFILE_link), 0);
		assert_true(victim_log_has("left it is dead"));
		assert_int_equal(victim_do(next, LOCKFILE_unlink), 0);
		child_end(next);
	}
}

static void it_goes_whenever_the_linker_was_killed(void **state)
{
	const int64_t most = 400000; /* ns, for some rounds of the loop */
	struct lockfile *file = *state;
	struct child *next;

	marked_linker(file, RULES, LOCKFILE_link);
	assert_int_equal(unlink(file->name), 0);
	next = lockfile_victim(file, RULES);
	for (int i = 0; i < rounds(300); i++) {
		struct child *maker = lockfile_victim(file, RULES);

		say(maker, LOCKFILE_loop_link);
		sleep_ns((int64_t)i * 7919 * 13 % most);
		child_kill(maker);
		assert_int_equal(victim_do(next, LOCKFILE_link), 0);
		assert_int_equal(victim_do(next, LOCKFILE_unlink), 0);
	}
}

static void one_that_waits_goes_on_when_the_linker_is_killed(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = marked_linker(file, RULES, LOCKFILE_link);
	struct child *waiter = lockfile_victim(file, RULES);

	lockfile_wait(file, waiter, LOCKFILE_link);
	child_kill(maker);
	assert_int_equal(hear(waiter), 0);
}

static void the_end_of_its_other_name_is_no_end(void **state)
{
	static const char *const rules[] = { RULES, RULES_BROAD };
	struct lockfile *file = *state;

	for (int i = 0; i < 4; i++) {
		struct child *maker = marked_linker(
			file, rules[i % 2],
			i < 2 ? LOCKFILE_link : LOCKFILE_rename_into);

		assert_kept(file);
		child_kill(maker);
		assert_int_equal(
			victim_do(lockfile_victim(file, RULES), LOCKFILE_link),
			0);
		assert_int_equal(unlink(file->name), 0);
	}
}

static void what_is_left_at_a_clean_end_stays(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = marked_linker(file, RULES, LOCKFILE_link_kept);

	assert_int_equal(child_end(maker), 0);
	assert_false(is_marked(file->name));
	assert_kept(file);
}

static void a_name_that_outlives_the_lock_has_no_mark(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = marked_linker(file, RULES, LOCKFILE_link_kept);

	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	assert_false(lockfile_exists(file));
	assert_false(is_marked(other_name(file, ".kept")));
	/* Nor one of a dead process. */
	assert_int_equal(victim_do(maker, LOCKFILE_link_kept), 0);
	assert_true(is_marked(other_name(file, ".kept")));
	child_kill(maker);
	assert_int_equal(victim_do(lockfile_victim(file, RULES), LOCKFILE_link),
			 0);
	assert_false(is_marked(other_name(file, ".kept")));
}

static void one_that_cannot_be_removed_keeps_its_mark(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = marked_linker(file, RULES, LOCKFILE_link_kept);

	assert_int_not_equal(victim_do(maker, LOCKFILE_rmdir), 0);
	assert_true(is_marked(file->name));
	child_kill(maker);
	assert_int_equal(victim_do(lockfile_victim(file, RULES), LOCKFILE_link),
			 0);
}

static void a_second_lock_of_a_file_stays_when_the_first_goes(void **state)
{
	struct lockfile *file = *state;
	struct child *maker =
		marked_linker(file, RULES_BROAD, LOCKFILE_link_two);

	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	assert_false(lockfile_exists(file));
	assert_int_equal(access(other_name(file, ".second"), F_OK), 0);
	assert_false(is_marked(other_name(file, ".second")));
}

static void a_link_that_fails_leaves_no_mark(void **state)
{
	struct lockfile *file = *state;
	struct child *victim = lockfile_victim(file, RULES_LONG);

	assert_int_equal(victim_do(victim, LOCKFILE_link_too_long),
			 ENAMETOOLONG);
	assert_int_equal(access(other_name(file, ".kept"), F_OK), 0);
	assert_false(is_marked(other_name(file, ".kept")));
}

/* Whose token is long free: it would make any lock a dead one's. */
static void a_mark_from_elsewhere_does_not_become_the_lock_s(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = marked_linker(file, RULES, LOCKFILE_open);
	char mark[64];
	ssize_t length = lgetxattr(file->name, "user.portlock", mark, 64);

	child_kill(maker);
	assert_int_equal(unlink(file->name), 0);
	write_file(other_name(file, ".kept"), "");
	assert_int_equal(setxattr(other_name(file, ".kept"), "user.portlock",
				  mark, (size_t)length, 0),
			 0);
	maker = lockfile_maker(file, RULES, LOCKFILE_link_kept);
	assert_false(is_marked(file->name));
	assert_kept(file);
	child_kill(maker);
	assert_kept(file);
}

static void another_user_s_file_gets_no_mark(void **state)
{
	struct lockfile *file = *state;

	if (geteuid() != 0)
		skip(); /* only root gives files away */
	child_kill(lockfile_maker(file, RULES, LOCKFILE_link_other));
	assert_false(is_marked(file->name));
	assert_kept(file);
}

static void who_has_read_something_else_is_refused(void **state)
{
	struct lockfile *file = *state;
	struct child *victim = lockfile_victim(file, RULES);

	assert_int_equal(victim_do(victim, LOCKFILE_read), ENOENT);
	write_file(file->protects, "1");
	assert_int_equal(victim_do(victim, LOCKFILE_link_kept), EEXIST);
	assert_false(lockfile_exists(file));
	assert_false(is_marked(other_name(file, ".kept")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lockfile(bare_a_killed_linker_s_file_blocks_the_next),
		with_lockfile(a_killed_linker_s_file_goes),
		with_lockfile(it_goes_whenever_the_linker_was_killed),
		with_lockfile(one_that_waits_goes_on_when_the_linker_is_killed),
		with_lockfile(the_end_of_its_other_name_is_no_end),
		with_lockfile(what_is_left_at_a_clean_end_stays),
		with_lockfile(a_name_that_outlives_the_lock_has_no_mark),
		with_lockfile(one_that_cannot_be_removed_keeps_its_mark),
		with_lockfile(
			a_second_lock_of_a_file_stays_when_the_first_goes),
		with_lockfile(a_link_that_fails_leaves_no_mark),
		with_lockfile(a_mark_from_elsewhere_does_not_become_the_lock_s),
		with_lockfile(another_user_s_file_gets_no_mark),
		with_lockfile(who_has_read_something_else_is_refused),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
