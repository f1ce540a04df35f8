/* SPDX-License-Identifier: MIT */
/* test_costs.c - what is asked of etcd for a lock: the table "What it costs" of
 * doc/cluster.md, row by row, by a proxy that counts.
 *
 * Leases are long: nothing is renewed but where that is what is counted.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tests/etcd/cluster.h"
#include "tests/etcd/helper.h"
#include "tests/etcd/hosts.h"
#include "tests/etcd/proxy.h"

/* Those who reach etcd through a proxy. */
struct toll {
	const char *key;
	struct proxy *proxy;
	struct etcd etcd; /* as they know it */
	int seen;	  /* requests that were looked at */
};

static struct toll toll_make(const struct key *key, const char *ttl)
{
	struct toll toll = { .key = key->text, .etcd = *etcd };

	toll.proxy = proxy_start(etcd->members[0].port, "nothing");
	strcpy(toll.etcd.endpoints, toll.proxy->url);
	setenv("PORTLOCK_ETCD_ENDPOINTS", toll.proxy->url, 1);
	setenv("PORTLOCK_ETCD_TTL", ttl, 1);
	return toll;
}

static int asked(const struct toll *toll, const char *path)
{
	int count = atomic_load(&toll->proxy->count), found = 0;

	for (int i = 0; i < count; i++)
		found += strcmp(toll->proxy->paths[i], path) == 0;
	return found;
}

/* Nobody is left when the proxy goes, who would try again and again. */
static void assert_revoked(struct toll *toll, int leases)
{
	wait_sessions(NULL, 0);
	assert_int_equal(asked(toll, "lease/revoke"), leases);
}

static struct child *contender(const struct toll *toll)
{
	return contender_on(NULL, toll->key);
}

/* What was asked for since the last time.  A watch is left out: it is opened
 * once, also by who holds for longer than a moment, and no answer is awaited. */
static void assert_asked(struct toll *toll, const char *paths)
{
	int count = atomic_load(&toll->proxy->count);
	char asked[1024] = "";

	for (; toll->seen < count; toll->seen++) {
		const char *path = toll->proxy->paths[toll->seen];

		if (strcmp(path, "watch") == 0)
			continue;
		require(strlen(asked) + strlen(path) + 2 < sizeof(asked));
		strcat(strcat(asked, *asked ? " " : ""), path);
	}
	assert_string_equal(asked, paths);
}

static void the_first_acquire_takes_two(void **state)
{
	struct toll toll = toll_make(*state, "3600");
	struct child *holder = contender(&toll);

	assert_int_equal(contender_acquire(holder, -1), 0);
	assert_asked(&toll, "lease/grant kv/txn");
	child_end(holder);
	assert_revoked(&toll, 1);
}

static void release_and_the_next_acquire_take_one_each(void **state)
{
	struct toll toll = toll_make(*state, "3600");
	struct child *holder = contender(&toll);

	assert_int_equal(contender_acquire(holder, -1), 0);
	assert_asked(&toll, "lease/grant kv/txn");
	for (int i = 0; i < 3; i++) {
		contender_release(holder);
		etcd_wait_queue(etcd, toll.key, 0);
		assert_asked(&toll, "kv/txn");
		assert_int_equal(contender_acquire(holder, -1), 0);
		assert_asked(&toll, "kv/txn");
	}
	child_end(holder);
	assert_revoked(&toll, 1);
}

static void a_try_costs_as_much_as_an_acquire(void **state)
{
	struct toll toll = toll_make(*state, "3600");
	struct child *holder = contender(&toll);

	assert_int_equal(contender_try(holder), 0);
	assert_asked(&toll, "lease/grant kv/txn");
	contender_release(holder);
	etcd_wait_queue(etcd, toll.key, 0);
	assert_asked(&toll, "kv/txn");
	assert_int_equal(contender_try(holder), 0);
	assert_asked(&toll, "kv/txn");
	child_end(holder);
	assert_revoked(&toll, 1);
}

static void a_waiter_of_the_host_asks_for_nothing(void **state)
{
	struct toll toll = toll_make(*state, "3600");
	struct child *first, *second;

	setenv("PORTLOCK_ETCD_LOCAL_MS", "3600000", 1);
	first = contender(&toll);
	second = contender(&toll);
	unsetenv("PORTLOCK_ETCD_LOCAL_MS");
	assert_int_equal(contender_acquire(first, -1), 0);
	assert_asked(&toll, "lease/grant kv/txn");
	for (int i = 0; i < 3; i++) {
		struct child *waiter = i % 2 ? first : second;

		contender_queue(waiter, toll.key, -1);
		contender_release(i % 2 ? second : first);
		assert_int_equal(contender_result(waiter), 0);
	}
	assert_asked(&toll, "");
	contender_release(second);
	etcd_wait_queue(etcd, toll.key, 0);
	assert_asked(&toll, "kv/txn");
	child_end(first);
	child_end(second);
	assert_revoked(&toll, 1);
}

/* Two sessions, as of two hosts. */
static void another_host_takes_two_after_the_release(void **state)
{
	struct toll toll = toll_make(*state, "3600");
	struct helper first, second;

	helper_open(&first, &toll.etcd, toll.key, "ttl=3600");
	helper_open(&second, &toll.etcd, toll.key, "ttl=3600");
	helper_take(&first);
	assert_asked(&toll, "lease/grant kv/txn");
	helper_queue(&second);
	assert_asked(&toll, "lease/grant kv/txn");
	helper_ask(&first, SESSION_RELEASE);
	helper_expect(&second, SESSION_GRANTED);
	assert_asked(&toll, "kv/txn kv/txn");
	helper_end(&first);
	assert_asked(&toll, "lease/revoke");
	helper_end(&second);
}

struct holding {
	struct toll *toll;
	int looks;
};

static bool has_looked(void *argument)
{
	const struct holding *holding = argument;

	return asked(holding->toll, "kv/txn") >= holding->looks;
}

/* A third of 5 s each; the first transaction is the acquire's. */
static void a_renewal_is_one_and_a_look(void **state)
{
	struct toll toll = toll_make(*state, "5");
	struct child *holder = contender(&toll);
	struct holding holding = { &toll, 3 };

	assert_int_equal(contender_acquire(holder, -1), 0);
	assert_asked(&toll, "lease/grant kv/txn");
	wait_until(has_looked, &holding);
	assert_asked(&toll, "lease/keepalive kv/txn lease/keepalive kv/txn");
	assert_int_equal(asked(&toll, "watch"), 1);
	child_end(holder);
	assert_revoked(&toll, 1);
}

/* It has nothing to look at. */
static void an_idle_handle_renews_its_lease(void **state)
{
	struct toll toll = toll_make(*state, "5");
	struct child *holder = contender(&toll);

	assert_int_equal(contender_acquire(holder, -1), 0);
	contender_release(holder);
	etcd_wait_queue(etcd, toll.key, 0);
	assert_asked(&toll, "lease/grant kv/txn kv/txn");
	assert_revoked(&toll, 1); /* by itself */
	assert_int_equal(asked(&toll, "kv/txn"), 2);
	assert_in_range(asked(&toll, "lease/keepalive"), 1,
			SESSION_IDLE * 3 / 5 + 1);
	child_end(holder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(the_first_acquire_takes_two),
		with_key(release_and_the_next_acquire_take_one_each),
		with_key(a_try_costs_as_much_as_an_acquire),
		with_key(a_waiter_of_the_host_asks_for_nothing),
		with_key(another_host_takes_two_after_the_release),
		with_key(a_renewal_is_one_and_a_look),
		with_key(an_idle_handle_renews_its_lease),
	};
	const struct etcd_plan plan = { 0 };

	/* A network in which no sessions of others are. */
	if (!hosts_make(0))
		return 77;
	return helper_tests(&plan, tests);
}
