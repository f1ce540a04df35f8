/* SPDX-License-Identifier: MIT */
/* test_shim_sem_keys.c - one semaphore and several portlocks: holders that do
 * not exclude each other by those are excluded by the semaphore, and nobody
 * recovers from a holder of another portlock, alive or dead.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/stat.h>

#include "support/semaphore.h"

/* A victim that has done something before it opens the semaphore. */
static struct child *start_after(int command, const char *name,
				 const char *rules)
{
	struct child *victim = victim_start("victim_sem", name, rules);

	if (victim_do(victim, command) == EPERM) {
		print_message("skipped: needs root\n");
		skip();
	}
	assert_int_equal(victim_do(victim, SEM_create), 0);
	return victim;
}

/* Each has it once and keeps the other one out. */
static void assert_exclusive(struct child *one, struct child *two)
{
	struct child *both[] = { one, two };

	for (int i = 0; i < 2; i++) {
		struct child *holder = both[i], *other = both[!i];

		assert_int_equal(victim_do(holder, SEM_wait), 0);
		assert_held_by_another(other);
		begin_wait(other);
		assert_int_equal(victim_do(holder, SEM_post), 0);
		assert_int_equal(hear(other), 0);
		assert_held_by_another(holder);
		assert_int_equal(victim_do(other, SEM_post), 0);
		assert_int_equal(victim_do(holder, SEM_value), 1);
	}
	assert_false(victim_log_has("recovered"));
}

/* What a dead child of one leaves is for one to recover, not for the other. */
static void assert_recovers_its_own(struct child *one, struct child *other)
{
	assert_int_equal(victim_do(one, SEM_wait_in_child), 0);
	assert_held_by_another(other);
	assert_int_equal(victim_do(one, SEM_wait), 0);
	assert_int_equal(victim_do(one, SEM_post), 0);
	assert_int_equal(victim_do(other, SEM_value), 1);
}

static void another_key_excludes_and_does_not_recover(void **state)
{
	struct semaphore_names *names = *state;
	struct child *one = start(names->name, RULES " key=%n-a");
	struct child *two = start(names->name, RULES " key=%n-b");

	assert_exclusive(one, two);
	assert_recovers_its_own(one, two);
	assert_true(victim_log_has("recovered"));
}

static void a_key_for_each_user_excludes_and_does_not_recover(void **state)
{
	static const char rules[] = RULES " key=%n-%u";
	struct semaphore_names *names = *state;
	mode_t mask = umask(0);
	sem_t *sem = sem_open(names->name, O_CREAT | O_EXCL, 0666, 1);
	struct child *one, *two;

	umask(mask);
	assert_true(sem != SEM_FAILED);
	sem_close(sem);
	one = start(names->name, rules);
	two = start_after(SEM_become_nobody, names->name, rules);
	assert_exclusive(one, two);
	assert_recovers_its_own(one, two);
	assert_int_equal(victim_do(two, SEM_wait), 0);
	child_kill(two);
	assert_held_by_another(one);
	two = start_after(SEM_become_nobody, names->name, rules);
	assert_int_equal(victim_do(two, SEM_wait), 0);
}

static void another_network_excludes_and_does_not_recover(void **state)
{
	struct semaphore_names *names = *state;
	struct child *one = start(names->name, RULES);
	struct child *two = start_after(SEM_leave_network, names->name, RULES);

	assert_exclusive(one, two);
	assert_recovers_its_own(one, two);
	assert_recovers_its_own(two, one);
}

static void a_network_may_change_after_the_open(void **state)
{
	struct semaphore_names *names = *state;
	struct child *one = start(names->name, RULES);
	struct child *two = start(names->name, RULES);

	assert_exclusive(one, two);
	if (victim_do(two, SEM_leave_network) == EPERM)
		skip();
	assert_exclusive(one, two);
	assert_recovers_its_own(one, two);
	assert_recovers_its_own(two, one);
}

/* The portlock stays where it was taken, also for a second wait. */
static void a_network_may_change_while_it_is_held(void **state)
{
	struct semaphore_names *names = *state;
	struct child *next = start(names->name, RULES);

	for (int waits = 1; waits <= 2; waits++) {
		struct child *holder = start_holder(names->name, RULES);

		if (victim_do(holder, SEM_leave_network) == EPERM)
			skip();
		if (waits == 2) {
			assert_int_equal(victim_do(holder, SEM_post_in_child),
					 0);
			assert_int_equal(victim_do(holder, SEM_wait), 0);
		}
		assert_held_by_another(next);
		child_kill(holder);
		assert_int_equal(victim_do(next, SEM_wait), 0);
		assert_int_equal(victim_do(next, SEM_post), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, semaphore_setup,                 \
					semaphore_teardown)
		TEST(another_key_excludes_and_does_not_recover),
		TEST(a_key_for_each_user_excludes_and_does_not_recover),
		TEST(another_network_excludes_and_does_not_recover),
		TEST(a_network_may_change_after_the_open),
		TEST(a_network_may_change_while_it_is_held),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
