/* SPDX-License-Identifier: MIT */
/* test_shim_lockfile_plain.c - where a lock file is, or is not, what it would
 * be without the shim.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "support/lockfile.h"

/* ---- waits that could never end ------------------------------------------ */

static void who_made_it_does_not_wait_for_itself(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = lockfile_maker(file, RULES, LOCKFILE_open);

	assert_int_equal(victim_do(maker, LOCKFILE_open), EEXIST);
}

static void a_child_does_not_wait_for_its_parent(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = lockfile_maker(file, RULES, LOCKFILE_open);

	assert_int_equal(victim_do(maker, LOCKFILE_open_in_child), EEXIST);
	assert_int_equal(victim_do(maker, LOCKFILE_open_in_program), 1);
	assert_true(is_marked(file->name));
}

/* ---- as if there were no shim -------------------------------------------- */

static void the_descriptor_has_the_number_that_it_would_have(void **state)
{
	struct lockfile *file = *state;
	struct child *waiter = lockfile_victim(file, RULES);

	write_file(file->name, "");
	/* Not by lockfile_wait(): while it waits its input is closed. */
	say(waiter, LOCKFILE_open_as_zero);
	wait_for_gate(file->key);
	sleep_ns(MOMENT);
	assert_int_equal(unlink(file->name), 0);
	assert_int_equal(hear(waiter), 0);
}

static void errors_are_those_of_a_bare_program(void **state)
{
	static const char *const rules[] = { NO_RULE, RULES, "lockfile *.lock",
					     "lockfile *" };
	static const int commands[] = {
		LOCKFILE_nowhere,      LOCKFILE_no_name, LOCKFILE_dot,
		LOCKFILE_below_a_file, LOCKFILE_read,	 LOCKFILE_too_long,
		LOCKFILE_unlink,       LOCKFILE_rmdir,	 LOCKFILE_rename,
		LOCKFILE_null, /* valgrind does not like this one */
	};
	const size_t count = sizeof(commands) / sizeof(commands[0]) - is_slow();
	struct lockfile *file = *state;
	struct child *bare = lockfile_victim(file, BARE);

	for (size_t rule = 0; rule < 4; rule++) {
		struct child *victim = lockfile_victim(file, rules[rule]);

		for (size_t i = 0; i < count; i++) {
			int result = victim_do(bare, commands[i]);

			assert_int_not_equal(result, 0);
			assert_int_equal(victim_do(victim, commands[i]),
					 result);
		}
	}
}

static void more_files_than_are_watched_are_no_error(void **state)
{
	struct lockfile *file = *state;
	struct child *victim = lockfile_victim(
		file, "lockfile */portlock-test-*.lock timeout=100000");

	assert_int_equal(victim_do(victim, LOCKFILE_many), 0);
	assert_int_equal(victim_do(victim, LOCKFILE_many), 0);
}

static void a_renamed_file_has_no_mark(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = lockfile_maker(file, RULES, LOCKFILE_open);

	if (!is_marked(file->name))
		skip(); /* no extended attributes here */
	assert_int_equal(victim_do(maker, LOCKFILE_rename), 0);
	assert_false(is_marked(file->protects));
	/* Also when it is another process that renames it. */
	assert_int_equal(victim_do(maker, LOCKFILE_openat), 0);
	assert_true(is_marked(file->name));
	assert_int_equal(
		victim_do(lockfile_victim(file, RULES), LOCKFILE_renameat), 0);
	assert_false(is_marked(file->protects));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lockfile(who_made_it_does_not_wait_for_itself),
		with_lockfile(a_child_does_not_wait_for_its_parent),
		with_lockfile(the_descriptor_has_the_number_that_it_would_have),
		with_lockfile(errors_are_those_of_a_bare_program),
		with_lockfile(more_files_than_are_watched_are_no_error),
		with_lockfile(a_renamed_file_has_no_mark),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
