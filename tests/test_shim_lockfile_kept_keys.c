/* SPDX-License-Identifier: MIT */
/* test_shim_lockfile_kept_keys.c - the maker of a lock file has its key= until
 * the file has gone, or the process has.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "support/keyed.h"

/* ---- one process --------------------------------------------------------- */

static void two_files_of_one_thread_share_it(void **state)
{
	struct keyed *keyed = *state;
	struct child *other = keyed_contender(keyed);
	struct child *maker =
		lockfile_maker(keyed->file, keyed->timed, LOCKFILE_open);

	for (int second_first = 0; second_first < 2; second_first++) {
		assert_int_equal(victim_do(maker, LOCKFILE_open), EEXIST);
		assert_int_equal(victim_do(maker, LOCKFILE_open_second), 0);
		assert_int_equal(
			victim_do(maker, second_first ? LOCKFILE_unlink_second
						      : LOCKFILE_unlink),
			0);
		assert_false(keyed_is_free(other));
		assert_int_equal(
			victim_do(maker, second_first ? LOCKFILE_unlink
						      : LOCKFILE_unlink_second),
			0);
		assert_true(keyed_is_free(other));
		assert_int_equal(victim_do(maker, LOCKFILE_open), 0);
	}
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	assert_int_equal(victim_do(maker, LOCKFILE_link_two), 0);
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	assert_false(keyed_is_free(other));
	assert_int_equal(victim_do(maker, LOCKFILE_unlink_second), 0);
	assert_true(keyed_is_free(other));
}

static void threads_exclude_each_other(void **state)
{
	struct keyed *keyed = *state;
	struct child *other = keyed_contender(keyed);
	struct child *maker =
		lockfile_maker(keyed->file, keyed->timed, LOCKFILE_open);

	assert_int_equal(victim_do(maker, LOCKFILE_open_in_thread), EEXIST);
	assert_int_equal(victim_do(maker, LOCKFILE_open_second_in_thread),
			 EEXIST);
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	assert_int_equal(victim_do(maker, LOCKFILE_open_in_thread), 0);
	assert_false(keyed_is_free(other));
	/* Another thread than made it. */
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	assert_true(keyed_is_free(other));
}

static void children_of_the_maker_are_inside(void **state)
{
	static const int ways[] = { LOCKFILE_open_second_in_child,
				    LOCKFILE_open_second_in_program };
	struct keyed *keyed = *state;
	struct child *other = keyed_contender(keyed);
	struct child *maker =
		lockfile_maker(keyed->file, keyed->rules, LOCKFILE_open);

	for (int i = 0; i < 2; i++) {
		assert_int_equal(victim_do(maker, ways[i]), 0);
		assert_false(keyed_is_free(other));
		assert_int_equal(victim_do(maker, LOCKFILE_unlink_second), 0);
		assert_false(keyed_is_free(other));
	}
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	assert_true(keyed_is_free(other));
}

static void what_others_remove_is_forgotten_at_the_next(void **state)
{
	static const int ways[] = { LOCKFILE_open, LOCKFILE_symlink };
	struct keyed *keyed = *state;
	struct child *other = keyed_contender(keyed);
	struct child *maker = lockfile_victim(keyed->file, keyed->rules);

	for (int i = 0; i < 2; i++) {
		assert_int_equal(victim_do(maker, ways[i]), 0);
		assert_int_equal(unlink(keyed->file->name), 0);
		assert_false(keyed_is_free(other));
		assert_int_equal(victim_do(maker, LOCKFILE_open_second), 0);
		assert_int_equal(victim_do(maker, LOCKFILE_unlink_second), 0);
		assert_true(keyed_is_free(other));
	}
}

static void many_files_are_no_leak(void **state)
{
	struct keyed *keyed = *state;
	struct child *maker = lockfile_victim(keyed->file, keyed->rules);

	assert_int_equal(victim_do(maker, LOCKFILE_many), 0);
	assert_true(keyed_is_free(keyed_contender(keyed)));
}

/* ---- the maker's end ----------------------------------------------------- */

static void a_killed_maker_has_nothing(void **state)
{
	struct keyed *keyed = *state;
	struct lockfile *file = keyed->file;
	struct child *maker = lockfile_victim(file, keyed->rules);
	struct child *waiter = lockfile_victim(file, keyed->rules);

	assert_int_equal(victim_do(maker, LOCKFILE_open), 0);
	if (!is_marked(file->name))
		skip();
	keyed_queue(keyed, waiter, LOCKFILE_open, 1);
	child_kill(maker);
	assert_int_equal(hear(waiter), 0);
	assert_int_equal(victim_do(waiter, LOCKFILE_unlink), 0);
}

static void after_an_end_the_file_alone_excludes(void **state)
{
	static const int ways[] = { LOCKFILE_exit, LOCKFILE__exit,
				    LOCKFILE_quick_exit, LOCKFILE_exec };
	struct keyed *keyed = *state;
	struct lockfile *file = keyed->file;
	struct child *other = keyed_contender(keyed);
	struct child *waiter = lockfile_victim(file, keyed->rules);

	for (int i = 0; i < 4; i++) {
		struct child *maker =
			lockfile_maker(file, keyed->rules, LOCKFILE_open);

		assert_int_equal(victim_do(maker, LOCKFILE_exec_fails), 0);
		assert_false(keyed_is_free(other));
		say(maker, ways[i]);
		if (ways[i] == LOCKFILE_exec)
			require(victim_do(maker, LOCKFILE_nothing) == 0);
		else
			child_end(maker);
		assert_true(lockfile_exists(file));
		assert_true(keyed_is_free(other));
		/* The next one has its turn, and waits for the file. */
		lockfile_wait(file, waiter, LOCKFILE_open);
		assert_false(keyed_is_free(other));
		assert_int_equal(unlink(file->name), 0);
		assert_int_equal(hear(waiter), 0);
		assert_int_equal(victim_do(waiter, LOCKFILE_unlink), 0);
	}
}

static int names_in(const char *folder)
{
	DIR *all = opendir(folder);
	int count = 0;

	require(all);
	while (readdir(all))
		count++;
	closedir(all);
	return count - 2; /* . and .. */
}

static void whenever_it_is_killed_nothing_is_left(void **state)
{
	struct keyed *keyed = *state;
	struct lockfile *file = keyed->file;
	struct child *next = lockfile_maker(file, keyed->rules, LOCKFILE_open);

	if (!is_marked(file->name))
		skip();
	assert_int_equal(victim_do(next, LOCKFILE_unlink), 0);
	for (int i = 0; i < rounds(100); i++) {
		struct child *maker = lockfile_victim(file, keyed->rules);

		say(maker, LOCKFILE_loop);
		sleep_ns((int64_t)i * 7919 * 13 % 400000);
		child_kill(maker);
		assert_int_equal(victim_do(next, LOCKFILE_open), 0);
		assert_int_equal(victim_do(next, LOCKFILE_unlink), 0);
		assert_int_equal(names_in(file->folder), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_keyed(two_files_of_one_thread_share_it),
		with_keyed(threads_exclude_each_other),
		with_keyed(children_of_the_maker_are_inside),
		with_keyed(what_others_remove_is_forgotten_at_the_next),
		with_keyed(many_files_are_no_leak),
		with_keyed(a_killed_maker_has_nothing),
		with_keyed(after_an_end_the_file_alone_excludes),
		with_keyed(whenever_it_is_killed_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
