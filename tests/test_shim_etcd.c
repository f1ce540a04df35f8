/* SPDX-License-Identifier: MIT */
/* test_shim_etcd.c - rules with transport=etcd: the program's locks exclude in
 * a cluster, and fail where that cannot be.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/etcd_files.h"

static char rules[2048];

static void a_lock_is_one_of_the_cluster(void **state)
{
	struct child *victim = holder(*state, "");

	assert_int_equal(cluster->grants, 1);
	assert_int_equal(victim_do(victim, FILE_un), 0);
	cluster_await(&cluster->releases, 1);
	cluster_elsewhere(cluster, true);
	assert_int_equal(victim_do(victim, FILE_ex_nb), EWOULDBLOCK);
	/* Also of those who share it: the other host's may be exclusive. */
	assert_int_equal(victim_do(victim, FILE_sh_nb), EWOULDBLOCK);
	say(victim, FILE_ex);
	cluster_await(&cluster->acquires, 2);
	sleep_ns(MOMENT);
	assert_false(has_said(victim));
	cluster_elsewhere(cluster, false);
	assert_int_equal(hear(victim), 0);
}

static void a_wait_has_the_rules_end(void **state)
{
	/* A helper is started and heard in that, however much runs at once. */
	struct child *victim = start(*state, "timeout=3");

	cluster_elsewhere(cluster, true);
	assert_int_equal(victim_do(victim, FILE_ex), ENOLCK);
	cluster_elsewhere(cluster, false);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
}

static void without_the_cluster_nothing_is_locked(void **state)
{
	struct child *victim;

	setenv("PORTLOCK_SESSION", "/nonexistent/session", 1);
	victim = start(*state, "");
	assert_int_equal(victim_do(victim, FILE_ex), ENOLCK);
	assert_int_equal(victim_do(victim, FILE_ex_nb), EWOULDBLOCK);
	assert_true(victim_log_has("/nonexistent/session is not there"));
	/* Nor is the real lock left behind. */
	assert_int_equal(victim_do(filelock_start(*state, BARE), FILE_ex_nb),
			 0);
}

static void a_wrong_variable_is_named(void **state)
{
	struct child *victim;

	setenv("PORTLOCK_ETCD_LOCAL_MS", "1x", 1);
	victim = start(*state, "");
	unsetenv("PORTLOCK_ETCD_LOCAL_MS");
	assert_int_equal(victim_do(victim, FILE_ex), ENOLCK);
	assert_true(victim_log_has(
		"PORTLOCK_ETCD_LOCAL_MS is \"1x\", not a number from 1 to"));
	assert_false(victim_log_has("too many"));
}

/* Who has it may wait for just what we have, and no kernel finds that. */
static void a_second_lock_of_fcntl_waits_by_a_timeout_only(void **state)
{
	static const char *const options[] = { "timeout=60", "" };
	struct filelock_names *names = *state;
	struct child *victim;

	for (int i = 0; i < 2; i++) {
		snprintf(rules, sizeof(rules),
			 "fcntl %s/* key=%s-%%b transport=etcd %s",
			 names->folder, names->key, options[i]);
		victim = filelock_start(names, rules);
		assert_int_equal(victim_do(victim, FILE_set_w), 0);
		assert_int_equal(victim_do(victim, FILE_b), 0);
		cluster_elsewhere(cluster, true);
		if (*options[i])
			filelock_begin(victim, FILE_wait_w);
		else
			assert_int_equal(victim_do(victim, FILE_wait_w),
					 ENOLCK);
		assert_true(victim_log_has("no wait for the portlock") ==
			    !*options[i]);
		cluster_elsewhere(cluster, false);
		if (*options[i])
			assert_int_equal(hear(victim), 0);
		assert_int_equal(child_end(victim), 0);
		/* The next one only tries. */
		cluster_await_all_ended(cluster);
	}
}

static void a_fork_of_the_holder_does_not_wait_for_it(void **state)
{
	struct child *victim = holder(*state, "");

	/* Only its real lock keeps it out: the hold is its parent's. */
	assert_int_not_equal(victim_do(victim, FILE_ex_in_child), 0);
	assert_true(victim_log_has("an ancestor of this process has it"));
}

/* To unlock is no point where a thread is cancelled, but to wake the guard would
 * be one; and a fork waits for who is at it. */
static void a_cancelled_thread_unlocks_it(void **state)
{
	struct child *victim = holder(*state, ""), *other;

	assert_int_equal(victim_do(victim, FILE_un_though_cancelled), 0);
	cluster_await(&cluster->releases, 1); /* a child only tries */
	assert_int_equal(victim_do(victim, FILE_ex_in_child), 0);
	other = start(*state, "");
	assert_int_equal(victim_do(other, FILE_ex), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_files(a_lock_is_one_of_the_cluster),
		with_files(a_wait_has_the_rules_end),
		with_files(without_the_cluster_nothing_is_locked),
		with_files(a_wrong_variable_is_named),
		with_files(a_second_lock_of_fcntl_waits_by_a_timeout_only),
		with_files(a_fork_of_the_holder_does_not_wait_for_it),
		with_files(a_cancelled_thread_unlocks_it),
	};

	if (!guard_is_in_time())
		return 77;
	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
