/* SPDX-License-Identifier: MIT */
/* test_shim_lockfile_seen.c - who has read X before it asks for X.lock does not
 * wait, and does not get the lock of an X that has changed since.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "support/lockfile.h"

#define REFUSED "opened before and has changed since"

/* A victim that has opened X, or found that it is not there. */
static struct child *reader(struct lockfile *file, int command)
{
	struct child *victim = lockfile_victim(file, RULES);
	int result = victim_do(victim, command);

	require(result == (access(file->protects, F_OK) < 0 ? ENOENT : 0));
	return victim;
}

static void who_has_read_before_fails_at_once(void **state)
{
	static const int ways[] = {
		LOCKFILE_read,
		LOCKFILE_read_stream,
		LOCKFILE_read_at,
		LOCKFILE_read_fortified,
		LOCKFILE_read_fortified_at,
	};
	struct lockfile *file = *state;

	write_file(file->protects, "1");
	lockfile_maker(file, RULES, LOCKFILE_open);
	for (int i = 0; i < 5; i++)
		assert_int_equal(
			victim_do(reader(file, ways[i]), LOCKFILE_open),
			EEXIST);
	/* Also where nobody can tell who made the file. */
	assert_int_equal(unlink(file->name), 0);
	write_file(file->name, "");
	assert_int_equal(victim_do(reader(file, LOCKFILE_read), LOCKFILE_open),
			 EEXIST);
}

static void who_found_nothing_before_fails_at_once(void **state)
{
	struct lockfile *file = *state;

	lockfile_maker(file, RULES, LOCKFILE_open);
	assert_int_equal(victim_do(reader(file, LOCKFILE_read), LOCKFILE_open),
			 EEXIST);
}

static void who_has_read_before_gets_a_free_lock(void **state)
{
	struct lockfile *file = *state;
	struct child *absent = reader(file, LOCKFILE_read);
	struct child *victim;

	assert_int_equal(victim_do(absent, LOCKFILE_open), 0);
	assert_int_equal(victim_do(absent, LOCKFILE_unlink), 0);
	write_file(file->protects, "1");
	victim = reader(file, LOCKFILE_read);
	assert_int_equal(victim_do(victim, LOCKFILE_open), 0);
}

static void who_has_read_something_else_is_refused(void **state)
{
	struct lockfile *file = *state;
	struct child *victim = reader(file, LOCKFILE_read);

	for (int i = 0; i < 2; i++) {
		/* First it appears, then it changes. */
		write_file(file->protects, "1");
		assert_int_equal(victim_do(victim, LOCKFILE_open), EEXIST);
		assert_false(lockfile_exists(file));
		assert_true(victim_log_has(REFUSED));
		assert_int_equal(victim_do(victim, LOCKFILE_read), 0);
	}
	assert_int_equal(victim_do(victim, LOCKFILE_open), 0);
}

static void the_first_look_counts(void **state)
{
	struct lockfile *file = *state;
	struct child *victim = reader(file, LOCKFILE_read);

	write_file(file->protects, "1");
	assert_int_equal(victim_do(victim, LOCKFILE_read), 0);
	assert_int_equal(victim_do(victim, LOCKFILE_open), EEXIST);
}

static void a_refused_folder_goes_again(void **state)
{
	struct lockfile *file = *state;
	struct child *victim = reader(file, LOCKFILE_read);

	write_file(file->protects, "1");
	assert_int_equal(victim_do(victim, LOCKFILE_mkdir), EEXIST);
	assert_false(lockfile_exists(file));
}

static void once_refused_it_counts_as_unread(void **state)
{
	struct lockfile *file = *state;
	struct child *victim = reader(file, LOCKFILE_read);
	struct child *maker;

	write_file(file->protects, "1");
	assert_int_equal(victim_do(victim, LOCKFILE_open), EEXIST);
	maker = lockfile_maker(file, RULES, LOCKFILE_open);
	lockfile_wait(file, victim, LOCKFILE_open);
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	assert_int_equal(hear(victim), 0);
}

static void what_a_program_wrote_itself_it_knows(void **state)
{
	struct lockfile *file = *state;
	struct child *victim;

	write_file(file->protects, "1");
	victim = reader(file, LOCKFILE_read);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(victim_do(victim, LOCKFILE_open), 0);
		assert_int_equal(victim_do(victim, i == 1 ? LOCKFILE_renameat
							  : LOCKFILE_rename),
				 0);
	}
}

static void by_a_rule_without_guard_it_waits(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = lockfile_maker(file, RULES, LOCKFILE_open);
	struct child *victim = lockfile_victim(file, RULES " guard=no");

	assert_int_equal(victim_do(victim, LOCKFILE_read), ENOENT);
	lockfile_wait(file, victim, LOCKFILE_open);
	write_file(file->protects, "1");
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	assert_int_equal(hear(victim), 0);
}

static void what_it_wrote_under_the_lock_it_knows(void **state)
{
	struct lockfile *file = *state;
	struct child *victim;

	write_file(file->protects, "1");
	victim = reader(file, LOCKFILE_read);
	assert_int_equal(victim_do(victim, LOCKFILE_open), 0);
	/* As it would itself: nobody else may while it has the lock. */
	write_file(file->protects, "2");
	assert_int_equal(victim_do(victim, LOCKFILE_unlink), 0);
	assert_int_equal(victim_do(victim, LOCKFILE_open), 0);
	assert_int_equal(victim_do(victim, LOCKFILE_unlink), 0);
	write_file(file->protects, "3");
	assert_int_equal(victim_do(victim, LOCKFILE_open), EEXIST);
}

static void a_dead_maker_s_file_goes_for_readers_too(void **state)
{
	struct lockfile *file = *state;
	struct child *maker = lockfile_maker(file, RULES, LOCKFILE_open);
	struct child *victim = reader(file, LOCKFILE_read);

	if (!is_marked(file->name))
		skip();
	child_kill(maker);
	assert_int_equal(victim_do(victim, LOCKFILE_open), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lockfile(who_has_read_before_fails_at_once),
		with_lockfile(who_found_nothing_before_fails_at_once),
		with_lockfile(who_has_read_before_gets_a_free_lock),
		with_lockfile(who_has_read_something_else_is_refused),
		with_lockfile(the_first_look_counts),
		with_lockfile(a_refused_folder_goes_again),
		with_lockfile(once_refused_it_counts_as_unread),
		with_lockfile(what_a_program_wrote_itself_it_knows),
		with_lockfile(by_a_rule_without_guard_it_waits),
		with_lockfile(what_it_wrote_under_the_lock_it_knows),
		with_lockfile(a_dead_maker_s_file_goes_for_readers_too),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
