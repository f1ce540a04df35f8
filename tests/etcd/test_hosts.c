/* SPDX-License-Identifier: MIT */
/* test_hosts.c - the ground of the other tests: hosts that reach etcd until
 * they are cut off, and do not see each other's sockets.
 */
#include "config.h"

#include <errno.h>

#include "tests/etcd/cluster.h"
#include "tests/etcd/hosts.h"

static struct etcd *etcd;

static bool reaches_etcd(const struct host *host)
{
	static char text[CTL_TEXT];
	int status;

	host_visit(host);
	status = etcd_ctl(etcd, text, "get", "a");
	host_visit(NULL);
	return status == 0;
}

static void every_host_reaches_etcd(void **state)
{
	(void)state;
	assert_true(reaches_etcd(NULL));
	for (int i = 0; i < 3; i++)
		assert_true(reaches_etcd(&hosts[i]));
}

static void a_host_that_is_cut_off_reaches_nothing(void **state)
{
	(void)state;
	host_cut(&hosts[1]);
	assert_false(reaches_etcd(&hosts[1]));
	assert_true(reaches_etcd(&hosts[0]));
	host_join(&hosts[1]);
	assert_true(reaches_etcd(&hosts[1]));
}

static void a_key_on_one_host_is_free_on_another(void **state)
{
	struct key *key = *state;
	struct child *first, *second, *third;

	host_visit(&hosts[0]);
	first = contender_start(key->text, "unix");
	third = contender_start(key->text, "unix");
	host_visit(&hosts[1]);
	second = contender_start(key->text, "unix");
	host_visit(NULL);
	assert_int_equal(contender_acquire(first, -1), 0);
	assert_int_equal(contender_acquire(second, -1), 0);
	assert_int_equal(contender_try(third), -EBUSY);
	child_end(third);
	child_end(second);
	child_end(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_host_reaches_etcd),
		cmocka_unit_test(a_host_that_is_cut_off_reaches_nothing),
		with_key(a_key_on_one_host_is_free_on_another),
	};
	int failed;

	if (!etcd_is_installed())
		return 1;
	if (!hosts_make(3))
		return 77;
	etcd = etcd_start(&(struct etcd_plan){ .address = HUB_ADDRESS });
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	etcd_end(etcd);
	return failed;
}
