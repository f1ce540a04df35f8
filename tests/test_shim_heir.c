/* SPDX-License-Identifier: MIT */
/* test_shim_heir.c - flock() locks that outlive their process in a child. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "support/filelock.h"

static struct child *start_holder(struct filelock_names *names)
{
	return filelock_holder(names, names->rules);
}

static bool has_ended(void *child)
{
	char state = process_state(((struct child *)child)->pid);

	return state == 'Z' || state == '?';
}

/* The child, which talks now, has the lock as its parent had it. */
static void assert_inherited(struct filelock_names *names, struct child *heir)
{
	struct child *waiters[2] = { filelock_start_b(names, names->rules),
				     filelock_start_b(names, names->rules) };

	wait_until(has_ended, heir);
	assert_int_equal(victim_do(waiters[0], FILE_ex_nb), EWOULDBLOCK);
	for (int i = 0; i < 2; i++) {
		/* Who has tried may still be counted. */
		filelock_queue(names, waiters[i], FILE_ex,
			       gate_queue(names->key) + 1);
		sleep_ns(MOMENT);
		assert_false(has_said(waiters[i]));
	}
	/* To lock again is nothing new; nor is the other file. */
	assert_int_equal(victim_do(heir, FILE_ex), 0);
	assert_int_equal(victim_do(heir, FILE_b), 0);
	assert_int_equal(victim_do(heir, FILE_ex), 0);
	assert_int_equal(victim_do(heir, FILE_close), 0);
	assert_false(has_said(waiters[0]));
	assert_int_equal(victim_do(heir, FILE_un), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(hear(waiters[i]), 0);
		assert_int_equal(victim_do(heir, FILE_ex_nb), EWOULDBLOCK);
		assert_int_equal(victim_do(waiters[i], FILE_un), 0);
	}
	assert_int_equal(victim_do(heir, FILE_ex_nb), 0);
}

static void the_child_of_a_parent_that_exits(void **state)
{
	struct child *victim = start_holder(*state);

	assert_int_equal(victim_do(victim, FILE_fork_and_exit), 0);
	assert_inherited(*state, victim);
}

static void the_child_of_a_child(void **state)
{
	struct child *victim = start_holder(*state);

	assert_int_equal(victim_do(victim, FILE_fork_twice), 0);
	assert_inherited(*state, victim);
}

static void one_generation_after_the_other(void **state)
{
	struct child *victim = start_holder(*state);

	for (int i = 0; i < 3; i++)
		assert_int_equal(victim_do(victim, FILE_fork_and_exit), 0);
	assert_inherited(*state, victim);
}

static void a_daemon(void **state)
{
	struct child *victim = start_holder(*state);

	assert_int_equal(victim_do(victim, FILE_daemon), 0);
	assert_inherited(*state, victim);
}

static void all_that_a_daemon_has_locked(void **state)
{
	struct filelock_names *names = *state;
	struct child *victim = start_holder(names);
	struct child *other = filelock_start(names, names->rules);

	assert_int_equal(victim_do(victim, FILE_b), 0);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	assert_int_equal(victim_do(victim, FILE_daemon), 0);
	wait_until(has_ended, victim);
	filelock_queue(names, other, FILE_ex, 1);
	assert_int_equal(victim_do(victim, FILE_un), 0);
	sleep_ns(MOMENT);
	assert_false(has_said(other));
	assert_true(gate_is_bound(names->key));
	assert_int_equal(victim_do(victim, FILE_close), 0);
	assert_int_equal(victim_do(victim, FILE_un_in_handler), 0);
	assert_int_equal(hear(other), 0);
}

static void with_ports_as_well(void **state)
{
	struct filelock_names *names = *state;
	char rules[1024];
	struct child *victim;

	snprintf(rules, sizeof(rules), "flock %s/* key=%s transport=tcp",
		 names->folder, names->key);
	victim = filelock_start(names, rules);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	assert_int_equal(victim_do(victim, FILE_fork_and_exit), 0);
	assert_inherited(names, victim);
}

static void a_child_that_wants_its_descriptor(void **state)
{
	struct rlimit before, limit;
	struct child *victim;

	getrlimit(RLIMIT_NOFILE, &before);
	limit = before;
	limit.rlim_cur = 1024;
	setrlimit(RLIMIT_NOFILE, &limit);
	victim = start_holder(*state);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(victim_do(victim, FILE_fork_and_obey), 0);
	assert_int_equal(victim_do(victim, FILE_cover), 0);
	kill(victim->pid, SIGTERM);
	assert_inherited(*state, victim);
}

static void a_child_of_the_daemon_is_inside(void **state)
{
	struct child *victim = start_holder(*state);

	assert_int_equal(victim_do(victim, FILE_daemon), 0);
	assert_int_equal(victim_do(victim, FILE_b), 0);
	assert_int_equal(victim_do(victim, FILE_ex_in_child), 0);
}

static void the_child_that_is_left_of_several(void **state)
{
	struct child *victim = start_holder(*state);
	pid_t younger;

	/* The younger one ends first, before the parent. */
	younger = victim_do(victim, FILE_fork_to_wait);
	assert_true(younger > 0);
	assert_int_equal(victim_do(victim, FILE_fork_and_obey), 0);
	kill(younger, SIGKILL);
	kill(victim->pid, SIGTERM);
	assert_inherited(*state, victim);
}

static void a_parent_that_closes_leaves_it_to_the_child(void **state)
{
	struct filelock_names *names = *state;
	struct child *victim = start_holder(names);

	assert_int_equal(victim_do(victim, FILE_fork_and_obey), 0);
	kill(victim->pid, SIGUSR2);
	wait_asleep(victim->pid);
	kill(victim->pid, SIGTERM);
	assert_inherited(names, victim);
}

static bool is_free(void *key)
{
	return !gate_is_bound(key);
}

static void a_parent_that_unlocks_does_it_for_all(void **state)
{
	struct filelock_names *names = *state;
	struct child *victim = start_holder(names);
	struct child *other = filelock_start_b(names, names->rules);

	assert_int_equal(victim_do(victim, FILE_fork_and_obey), 0);
	filelock_queue(names, other, FILE_ex, 1);
	kill(victim->pid, SIGUSR1);
	assert_int_equal(hear(other), 0);
	/* The child has it no more, and waits like everybody. */
	assert_int_equal(victim_do(victim, FILE_ex_nb), EWOULDBLOCK);
	say(victim, FILE_ex);
	assert_int_equal(victim_do(other, FILE_un), 0);
	assert_int_equal(hear(victim), 0);
	assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
	assert_int_equal(victim_do(victim, FILE_un), 0);
	wait_until(is_free, names->key);
}

static void a_child_that_unlocks_gives_up_its_claim(void **state)
{
	struct filelock_names *names = *state;
	struct child *victim = start_holder(names);
	struct child *other = filelock_start_b(names, names->rules);

	assert_int_equal(victim_do(victim, FILE_fork_and_obey), 0);
	assert_int_equal(victim_do(victim, FILE_un), 0);
	assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
	kill(victim->pid, SIGTERM);
	wait_until(is_free, names->key);
	assert_int_equal(victim_do(other, FILE_ex_nb), 0);
}

static void a_child_that_closes_gives_up_its_claim(void **state)
{
	struct filelock_names *names = *state;
	struct child *victim = start_holder(names);
	struct child *other = filelock_start_b(names, names->rules);

	assert_int_equal(victim_do(victim, FILE_fork_and_obey), 0);
	assert_int_equal(victim_do(victim, FILE_close), 0);
	assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
	kill(victim->pid, SIGTERM);
	wait_until(is_free, names->key);
	assert_int_equal(victim_do(other, FILE_ex_nb), 0);
}

static void a_killed_parent_leaves_the_real_lock(void **state)
{
	struct filelock_names *names = *state;
	struct child *victim = start_holder(names);
	struct child *other = filelock_start(names, names->rules);

	assert_int_equal(victim_do(victim, FILE_fork_and_obey), 0);
	kill(victim->pid, SIGKILL);
	wait_until(is_free, names->key);
	assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
	assert_int_equal(victim_do(victim, FILE_un), 0);
	assert_int_equal(victim_do(other, FILE_ex_nb), 0);
}

static void an_heir_that_is_killed_frees_it(void **state)
{
	struct filelock_names *names = *state;
	struct child *victim = start_holder(names);
	struct child *other = filelock_start_b(names, names->rules);
	pid_t heir = victim_do(victim, FILE_fork_to_wait);

	assert_true(heir > 0);
	/* It has not even looked. */
	say(victim, FILE_fork_and_exit);
	assert_int_equal(hear(victim), 0);
	assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
	child_end(victim);
	kill(heir, SIGKILL);
	wait_until(is_free, names->key);
	assert_int_equal(victim_do(other, FILE_ex_nb), 0);
}

/* fork() is no point where a thread is cancelled, but looks at the heirs. */
static void a_cancelled_thread_forks(void **state)
{
	struct filelock_names *names = *state;
	struct child *victim = start_holder(names);
	pid_t heir = victim_do(victim, FILE_fork_to_wait);

	assert_true(heir > 0);
	assert_int_equal(victim_do(victim, FILE_fork_though_cancelled), 77);
	assert_int_equal(victim_do(victim, FILE_un), 0);
	/* The heir may not have run yet, and have a copy. */
	wait_until(is_free, names->key);
	assert_int_equal(victim_do(victim, FILE_ex_in_child), 0);
	kill(heir, SIGKILL);
}

static void forks_leave_no_descriptors(void **state)
{
	struct filelock_names *names = *state;
	struct child *victim = start_holder(names);
	int before, each = rounds(50);

	assert_int_equal(victim_do(victim, FILE_b), 0);
	assert_int_equal(victim_do(victim, FILE_ex_in_child), 0);
	before = open_fds(victim->pid);
	for (int i = 0; i < each; i++)
		assert_int_equal(victim_do(victim, FILE_ex_in_child), 0);
	assert_int_equal(open_fds(victim->pid), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, filelock_setup, filelock_teardown)
		TEST(the_child_of_a_parent_that_exits),
		TEST(the_child_of_a_child),
		TEST(one_generation_after_the_other),
		TEST(a_daemon),
		TEST(all_that_a_daemon_has_locked),
		TEST(with_ports_as_well),
		TEST(a_child_that_wants_its_descriptor),
		TEST(a_child_of_the_daemon_is_inside),
		TEST(the_child_that_is_left_of_several),
		TEST(a_parent_that_closes_leaves_it_to_the_child),
		TEST(a_parent_that_unlocks_does_it_for_all),
		TEST(a_child_that_unlocks_gives_up_its_claim),
		TEST(a_child_that_closes_gives_up_its_claim),
		TEST(a_killed_parent_leaves_the_real_lock),
		TEST(an_heir_that_is_killed_frees_it),
		TEST(a_cancelled_thread_forks),
		TEST(forks_leave_no_descriptors),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
