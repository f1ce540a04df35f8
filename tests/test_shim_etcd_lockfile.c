/* SPDX-License-Identifier: MIT */
/* test_shim_etcd_lockfile.c - lock files whose rule has transport=etcd. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "support/guard.h"
#include "support/lockfile.h"

#define FILE_RULE "lockfile */portlock-test-*/x.lock transport=etcd timeout="

static int setup(void **state)
{
	int error = lockfile_setup(state);

	cluster = guard_begin();
	return error;
}

static int teardown(void **state)
{
	guard_end();
	return lockfile_teardown(state);
}

#define with_lockfiles(test)                                                   \
	cmocka_unit_test_setup_teardown(test, setup, teardown)

static void the_maker_of_a_file_has_its_lock(void **state)
{
	struct child *maker =
		lockfile_maker(*state, FILE_RULE "100", LOCKFILE_open);

	assert_int_equal(cluster->grants, 1);
	assert_int_equal(cluster->releases, 0);
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	cluster_await(&cluster->releases, 1);
	assert_int_equal(victim_do(maker, LOCKFILE_mkdir), 0);
	assert_int_equal(cluster->grants, 2);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(maker), -SIGTERM);
}

static void a_file_of_another_host_is_as_good_as_here(void **state)
{
	struct child *maker = lockfile_victim(*state, FILE_RULE "0.1");

	cluster_elsewhere(cluster, true);
	assert_int_equal(victim_do(maker, LOCKFILE_open), EEXIST);
	assert_false(lockfile_exists(*state));
	cluster_elsewhere(cluster, false);
	assert_int_equal(victim_do(maker, LOCKFILE_open), 0);
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
}

static void no_file_is_made_without_the_cluster(void **state)
{
	setenv("PORTLOCK_SESSION", "/nonexistent/session", 1);
	assert_int_equal(victim_do(lockfile_victim(*state, FILE_RULE "100"),
				   LOCKFILE_open),
			 EEXIST);
	assert_false(lockfile_exists(*state));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lockfiles(the_maker_of_a_file_has_its_lock),
		with_lockfiles(a_file_of_another_host_is_as_good_as_here),
		with_lockfiles(no_file_is_made_without_the_cluster),
	};

	if (!guard_is_in_time())
		return 77;
	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
