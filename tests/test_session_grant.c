/* SPDX-License-Identifier: MIT */
/* test_session_grant.c - transport etcd where the cluster says yes: grants on
 * this host, one after the other, and turns for the others.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "cluster.h"
#include "support.h"

static void a_free_lock_is_granted_with_the_clusters_token(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");

	assert_false(portlock_has_locked(lock));
	assert_int_equal(portlock_acquire(lock), 0);
	assert_true(portlock_has_locked(lock));
	assert_int_equal(portlock_token(lock), cluster->revision);
	assert_int_equal(portlock_release(lock), 0);
	assert_false(portlock_has_locked(lock));
	assert_int_equal(portlock_token(lock), 0);
	portlock_close(lock);
	cluster_await_all_ended(cluster);
	assert_int_equal(cluster->started, 1);
	assert_int_equal(cluster->releases, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_cluster(a_free_lock_is_granted_with_the_clusters_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
