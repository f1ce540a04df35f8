/* SPDX-License-Identifier: MIT */
/* test_late.c - requests that arrive once more when they are out of date, as
 * those do that were sent again because their answer was lost.
 */
#include "config.h"

#include <stdlib.h>

#include "tests/etcd/cluster.h"
#include "tests/etcd/hosts.h"
#include "tests/etcd/proxy.h"

static struct etcd *etcd;
static struct etcd_key keys[KEYS_LISTED];

/* A child: what a failed test leaves of it is killed. */
static struct child *start_through(const struct proxy *proxy, const char *key)
{
	setenv("PORTLOCK_ETCD_ENDPOINTS", proxy->url, 1);
	return contender_on(NULL, key);
}

/* The same lease, and so the same name of etcd's key. */
static void a_late_release_does_not_delete_the_next_grant(void **state)
{
	struct key *key = *state;
	struct proxy *proxy =
		proxy_start(etcd->members[0].port, "request_delete_range");
	struct child *holder = start_through(proxy, key->text);
	struct etcd_key first;

	assert_int_equal(contender_acquire(holder, -1), 0);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	first = keys[0];
	contender_release(holder);
	etcd_wait_queue(etcd, key->text, 0);
	assert_int_equal(atomic_load(&proxy->kept), 1);
	assert_int_equal(contender_acquire(holder, -1), 0);
	proxy_repeat(proxy);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	assert_string_equal(keys[0].name, first.name);
	assert_true(keys[0].create_revision > first.create_revision);
	assert_int_equal(contender_token(holder), keys[0].create_revision);
	assert_true(contender_has_locked(holder));
	child_end(holder);
}

/* It finds its key there, and does not make it newer. */
static void a_join_that_comes_twice_keeps_its_place(void **state)
{
	struct key *key = *state;
	struct proxy *proxy = proxy_start(etcd->members[0].port, "request_put");
	struct child *holder = start_through(proxy, key->text);

	assert_int_equal(contender_acquire(holder, -1), 0);
	assert_int_equal(atomic_load(&proxy->kept), 1);
	proxy_repeat(proxy);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	assert_int_equal(contender_token(holder), keys[0].create_revision);
	assert_true(contender_has_locked(holder));
	child_end(holder);
	etcd_wait_queue(etcd, key->text, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_late_release_does_not_delete_the_next_grant),
		with_key(a_join_that_comes_twice_keeps_its_place),
	};
	int failed;

	if (!etcd_is_installed())
		return 1;
	etcd = etcd_start(&(struct etcd_plan){ 0 });
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	etcd_end(etcd);
	return failed;
}
