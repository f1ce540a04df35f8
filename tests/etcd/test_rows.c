/* SPDX-License-Identifier: MIT */
/* test_rows.c - rows of the table "What happens when" of doc/cluster.md that no
 * other test has as they are there: with holder and waiters on hosts of their
 * own.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "tests/etcd/cluster.h"
#include "tests/etcd/hosts.h"
#include "tests/etcd/referee.h"

#define LONG "3600" /* a TTL that no test waits for */

static struct etcd *etcd;
static struct etcd_key keys[KEYS_LISTED];

static struct child *on_host(int host, const char *key, const char *ttl)
{
	struct child *contender;

	setenv("PORTLOCK_ETCD_TTL", ttl, 1);
	contender = contender_on(&hosts[host], key);
	unsetenv("PORTLOCK_ETCD_TTL");
	return contender;
}

static struct child *holder_on(int host, const char *key, const char *ttl)
{
	struct child *holder = on_host(host, key, ttl);

	assert_int_equal(contender_acquire(holder, -1), 0);
	return holder;
}

/* The queue is that long with it. */
static struct child *waiter_on(int host, const char *key, const char *ttl,
			       int length)
{
	struct child *waiter = on_host(host, key, ttl);

	contender_begin(waiter, -1);
	etcd_wait_queue(etcd, key, length);
	return waiter;
}

static void end(struct child *child)
{
	assert_int_equal(child_end(child), 0);
}

static void no_sessions(void)
{
	for (int i = 0; i < 3; i++)
		wait_sessions(&hosts[i], 0);
}

static void a_session_that_is_told_to_end_keeps_it(void **state)
{
	const char *key = ((struct key *)*state)->text;
	struct child *holder = holder_on(0, key, LONG);
	struct child *waiter = waiter_on(1, key, LONG, 2);
	pid_t session = session_on(&hosts[0]);

	kill(session, SIGTERM);
	wait_asleep(session);
	assert_true(contender_has_locked(holder));
	assert_false(has_said(waiter));
	contender_release(holder);
	assert_int_equal(contender_result(waiter), 0);
	wait_sessions(&hosts[0], 0); /* though its handle is open */
	end(waiter);
	end(holder);
	no_sessions();
}

static void a_deleted_key_gives_it_to_the_next(void **state)
{
	const char *key = ((struct key *)*state)->text;
	struct child *holder = holder_on(0, key, LONG);
	struct child *waiter = waiter_on(1, key, LONG, 2);
	static char text[CTL_TEXT];

	assert_int_equal(etcd_queue(etcd, key, keys), 2);
	assert_int_equal(etcd_ctl(etcd, text, "del", keys[0].name), 0);
	assert_int_equal(contender_result(waiter), 0);
	contender_wait_lost(holder);
	assert_false(contender_has_locked(holder));
	contender_release(holder);
	end(waiter);
	end(holder);
	no_sessions();
}

static void a_waiter_without_its_lease_is_the_last(void **state)
{
	const char *key = ((struct key *)*state)->text;
	struct child *holder = holder_on(0, key, LONG);
	struct child *second = waiter_on(1, key, LONG, 2);
	struct child *third = waiter_on(2, key, LONG, 3);

	assert_int_equal(etcd_queue(etcd, key, keys), 3);
	assert_true(etcd_revoke(etcd, keys[1].lease));
	etcd_wait_queue(etcd, key, 3);
	contender_release(holder);
	assert_int_equal(contender_result(third), 0);
	assert_false(has_said(second));
	contender_release(third);
	assert_int_equal(contender_result(second), 0);
	end(third);
	end(second);
	end(holder);
	no_sessions();
}

static void without_a_majority_waits_go_on_and_none_begins(void **state)
{
	const char *key = ((struct key *)*state)->text;
	struct child *holder = holder_on(0, key, "5");
	struct child *waiter = waiter_on(1, key, "5", 2);
	struct child *late = on_host(2, key, "5");

	etcd_kill(etcd, 0);
	etcd_kill(etcd, 1);
	contender_wait_lost(holder);
	assert_int_equal(contender_acquire(late, -1), -EHOSTUNREACH);
	assert_false(has_said(waiter));
	contender_release(holder);
	etcd_restart(etcd, 0);
	etcd_restart(etcd, 1);
	etcd_wait(etcd);
	assert_int_equal(contender_result(waiter), 0);
	end(late);
	end(waiter);
	end(holder);
	no_sessions();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_session_that_is_told_to_end_keeps_it),
		with_key(a_deleted_key_gives_it_to_the_next),
		with_key(a_waiter_without_its_lease_is_the_last),
		with_key(without_a_majority_waits_go_on_and_none_begins),
	};
	int failed;

	etcd = ground_make(3, 3);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ground_end(etcd);
	return failed;
}
