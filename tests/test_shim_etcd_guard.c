/* SPDX-License-Identifier: MIT */
/* test_shim_etcd_guard.c - portlock-guard, which ends who loses a lock of a
 * cluster: without it there is none, it ends with its host, and goes on for
 * its heirs.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "support/etcd_files.h"

static void without_a_guard_there_is_no_lock(void **state)
{
	struct child *victim;

	setenv("PORTLOCK_GUARD", "/nonexistent/guard", 1);
	victim = start(*state, "");
	assert_int_equal(victim_do(victim, FILE_ex), ENOLCK);
	assert_true(victim_log_has("/nonexistent/guard: is not there"));
	assert_int_equal(victim_do(start(*state, "on-lost=warn"), FILE_ex), 0);
}

static void the_guard_ends_with_its_host(void **state)
{
	struct child *victim = holder(*state, "");

	assert_int_equal(guard_count(), 1);
	child_kill(victim);
	guard_await_none();
	victim = holder(*state, "");
	assert_int_equal(guard_count(), 1);
	assert_int_equal(child_end(victim), 0);
	guard_await_none();
}

static void one_that_was_killed_is_replaced(void **state)
{
	struct child *victim = holder(*state, "");

	assert_int_equal(victim_do(victim, FILE_un), 0);
	assert_int_equal(guard_signal(SIGKILL), 1);
	guard_await_none();
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	assert_int_equal(guard_count(), 1);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(victim), -SIGTERM);
}

/* As all processes of a service are. */
static void one_that_is_told_to_end_goes_on(void **state)
{
	struct child *victim = holder(*state, "");

	assert_int_equal(guard_signal(SIGTERM), 1);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(victim), -SIGTERM);
	assert_true(victim_log_has("lost to the cluster: ended"));
}

static void an_heir_has_its_own(void **state)
{
	struct child *victim = holder(*state, "");
	pid_t parent = victim->pid;

	assert_int_equal(victim_do(victim, FILE_fork_and_exit), 0);
	wait_until(guarded_has_ended, &parent);
	guard_await_none();
	/* It goes on with what it was left, and is watched from here on. */
	assert_int_equal(victim_do(victim, FILE_b), 0);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	assert_int_equal(cluster->grants, 1);
	assert_int_equal(cluster->releases, 0);
	assert_int_equal(guard_count(), 1);
	cluster_lose(cluster, "gone");
	guard_await_none();
	assert_true(victim_log_has("lost to the cluster: ended"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_files(without_a_guard_there_is_no_lock),
		with_files(the_guard_ends_with_its_host),
		with_files(one_that_was_killed_is_replaced),
		with_files(one_that_is_told_to_end_goes_on),
		with_files(an_heir_has_its_own),
	};

	if (!guard_is_in_time())
		return 77;
	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
