/* SPDX-License-Identifier: MIT */
/* test_shim_lockfile_children.c - one process makes a lock file, another one
 * removes it, as commands in a script do; and processes inside of what an
 * ancestor of theirs holds.
 */
#include "config.h"

#include <errno.h>
#include <portlock/portlock.h>
#include <stdio.h>
#include <unistd.h>

#include "support/lockfile.h"

static const int programs[] = { LOCKFILE_open_in_program,
				LOCKFILE_mkdir_in_program,
				LOCKFILE_symlink_in_program,
				LOCKFILE_link_in_program };

static void what_a_command_has_made_stays(void **state)
{
	struct lockfile *file = *state;
	struct child *script = lockfile_victim(file, RULES);
	struct child *other = lockfile_victim(file, RULES_SHORT);

	for (int i = 0; i < 4; i++) {
		assert_int_equal(victim_do(script, programs[i]), 0);
		assert_false(is_marked(file->name));
		assert_int_equal(victim_do(other, LOCKFILE_open), EEXIST);
		assert_true(lockfile_exists(file));
		assert_int_equal(victim_do(script, LOCKFILE_remove_in_program),
				 0);
	}
}

static void waiting_commands_are_served_in_order(void **state)
{
	struct lockfile *file = *state;
	struct child *scripts[4];

	for (int i = 0; i < 4; i++)
		scripts[i] = lockfile_victim(file, RULES);
	for (int way = 0; way < 4; way++) {
		assert_int_equal(victim_do(scripts[0], programs[way]), 0);
		for (int i = 1; i < 4; i++) {
			say(scripts[i], programs[way]);
			if (i == 1)
				wait_for_gate(file->key);
			else
				wait_for_queue(file->key, i - 1);
		}
		for (int i = 1; i < 4; i++) {
			for (int later = i; later < 4; later++)
				assert_false(has_said(scripts[later]));
			assert_int_equal(victim_do(scripts[i - 1],
						   LOCKFILE_remove_in_program),
					 0);
			assert_int_equal(hear(scripts[i]), 0);
			assert_true(lockfile_exists(file));
		}
		assert_int_equal(
			victim_do(scripts[3], LOCKFILE_remove_in_program), 0);
	}
}

static void no_kind_of_child_waits_for_its_parent(void **state)
{
	static const int ways[] = {
		LOCKFILE_open_in_program, LOCKFILE_open_in_vforked,
		LOCKFILE_open_in_spawned, LOCKFILE_open_in_system,
		LOCKFILE_link_in_program,
	};
	struct lockfile *file = *state;

	for (int link = 0; link < 2; link++) {
		struct child *maker = lockfile_maker(
			file, RULES, link ? LOCKFILE_link : LOCKFILE_open);
		bool marked = is_marked(file->name);

		for (int i = 0; i < 5; i++)
			assert_int_equal(victim_do(maker, ways[i]), 1);
		assert_int_equal(is_marked(file->name), marked);
		assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
		/* Now they can have it. */
		for (int i = 0; i < 5; i++) {
			assert_int_equal(victim_do(maker, ways[i]), 0);
			assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
		}
	}
}

static void inside_of_an_ancestor_s_hold_there_is_no_turn(void **state)
{
	struct lockfile *file = *state;
	char key[64], rules[256];
	struct child *maker, *waiter;
	portlock_t *lock;

	snprintf(key, sizeof(key), "portlock-test-inside-%d", (int)getpid());
	snprintf(rules, sizeof(rules), "%s key=%s", RULES, key);
	lock = open_lock(key, "unix");
	assert_int_equal(portlock_acquire(lock), 0);
	/* Who has it started them since. */
	maker = lockfile_victim(file, rules);
	waiter = lockfile_victim(file, rules);
	assert_int_equal(victim_do(maker, LOCKFILE_open), 0);
	say(waiter, LOCKFILE_open);
	wait_asleep(waiter->pid);
	assert_false(has_said(waiter));
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	assert_int_equal(hear(waiter), 0);
	assert_int_equal(victim_do(waiter, LOCKFILE_unlink), 0);
	portlock_release(lock);
	portlock_close(lock);
}

static void inside_of_its_own_hold_there_is_no_turn(void **state)
{
	struct lockfile *file = *state;
	struct child *victim, *waiter;
	char rules[512];

	snprintf(rules, sizeof(rules),
		 "%s key=portlock-test-own-%d guard=no\n"
		 "open */portlock-test-*/x key=portlock-test-own-%d hold=exit",
		 RULES, (int)getpid(), (int)getpid());
	write_file(file->protects, "1");
	victim = lockfile_victim(file, rules);
	waiter = lockfile_victim(file, rules);
	assert_int_equal(victim_do(victim, LOCKFILE_read), 0);
	assert_int_equal(victim_do(victim, LOCKFILE_open), 0);
	/* It has the key for good, and this one wants a turn. */
	say(waiter, LOCKFILE_open);
	wait_asleep(waiter->pid);
	assert_int_equal(victim_do(victim, LOCKFILE_unlink), 0);
	assert_false(has_said(waiter));
	assert_int_equal(child_end(victim), 0);
	assert_int_equal(hear(waiter), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lockfile(what_a_command_has_made_stays),
		with_lockfile(waiting_commands_are_served_in_order),
		with_lockfile(no_kind_of_child_waits_for_its_parent),
		with_lockfile(inside_of_an_ancestor_s_hold_there_is_no_turn),
		with_lockfile(inside_of_its_own_hold_there_is_no_turn),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
