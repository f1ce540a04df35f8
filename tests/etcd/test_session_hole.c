/* SPDX-License-Identifier: MIT */
/* test_session_hole.c - portlock-session when an endpoint accepts and never
 * answers: the next one is asked before anything is lost.
 */
#include "config.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/etcd/helper.h"
#include "tests/etcd/proxy.h"

static const char *both(const char *first, const char *second)
{
	char list[300];

	snprintf(list, sizeof(list), "%s,%s", first, second);
	return setting(SESSION_ENDPOINTS, list);
}

/* Connections are made by the kernel alone. */
static void an_endpoint_that_never_answers_is_passed_over(void **state)
{
	const struct key *key = *state;
	int listening = bind_port(0);
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	struct helper helper;
	char url[64];

	require(listening >= 0 && listen(listening, 8) == 0 &&
		getsockname(listening, (struct sockaddr *)&address, &length) ==
			0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d",
		 ntohs(address.sin_port));
	helper_open(&helper, etcd, key->text, both(url, etcd->endpoints));
	helper_take(&helper); /* no word of trouble */
	helper_end(&helper);
	close(listening);
}

/* All that a holder and a waiter have sent, and will send, is swallowed. */
static void an_endpoint_that_falls_silent_loses_nothing(void **state)
{
	const struct key *key = *state;
	struct proxy *proxy = proxy_start(etcd->members[0].port, "POST");
	struct helper holder, waiter;
	const char *endpoints = both(proxy->url, etcd->endpoints);
	int64_t start;

	helper_open(&holder, etcd, key->text, endpoints);
	helper_open(&waiter, etcd, key->text, endpoints);
	helper_take(&holder);
	helper_queue(&waiter);
	proxy_hold(proxy);
	start = now_ns();
	/* Longer than the lease. */
	while (now_ns() - start < INT64_C(6000000000)) {
		assert_true(helper_left(&holder) > 0);
		sleep_ns(50000000);
	}
	helper_is_silent(&holder);
	helper_is_silent(&waiter);
	helper_ask(&holder, SESSION_RELEASE);
	helper_expect(&waiter, SESSION_GRANTED);
	helper_end(&holder);
	helper_end(&waiter);
}

/* What goes to it first, the next one gets as well. */
static void a_release_that_is_swallowed_is_sent_again(void **state)
{
	const struct key *key = *state;
	struct proxy *proxy =
		proxy_start(etcd->members[0].port, "request_delete_range");
	struct helper holder, waiter;

	helper_open(&holder, etcd, key->text, both(proxy->url, etcd->endpoints),
		    "ttl=60");
	helper_open(&waiter, etcd, key->text, "ttl=60");
	helper_take(&holder);
	helper_queue(&waiter);
	proxy_hold(proxy);
	helper_ask(&holder, SESSION_RELEASE);
	helper_expect(&waiter, SESSION_GRANTED);
	assert_true(atomic_load(&proxy->kept) > 0);
	helper_end(&holder);
	helper_end(&waiter);
}

static int asked_for(const struct proxy *proxy, const char *path)
{
	int times = 0;

	for (int i = 0; i < atomic_load(&proxy->count); i++)
		times += strcmp(proxy->paths[i], path) == 0;
	return times;
}

/* Else it would put a key that nobody wants, with a lease that is renewed. */
static void a_join_that_may_come_late_costs_the_lease(void **state)
{
	const struct key *key = *state;
	struct proxy *proxy = proxy_start(etcd->members[0].port, "request_put");
	struct helper helper;

	proxy_hold(proxy);
	helper_open(&helper, etcd, key->text,
		    setting(SESSION_ENDPOINTS, proxy->url), "ttl=60");
	helper_ask(&helper, SESSION_ACQUIRE);
	proxy_wait(proxy, 1);
	helper_ask(&helper, SESSION_RELEASE);
	proxy_pass(proxy);
	helper_take(&helper);
	assert_int_equal(asked_for(proxy, "lease/revoke"), 1);
	assert_int_equal(asked_for(proxy, "lease/grant"), 2);
	helper_end(&helper);
	etcd_wait_queue(etcd, key->text, 0);
}

/* The same where it is wanted still: one of two comes late, perhaps. */
static void a_join_that_is_sent_again_costs_the_lease(void **state)
{
	static struct etcd_key keys[KEYS_LISTED];
	const struct key *key = *state;
	struct proxy *proxy = proxy_start(etcd->members[0].port, "request_put");
	struct helper helper;

	proxy_hold(proxy);
	helper_open(&helper, etcd, key->text,
		    setting(SESSION_ENDPOINTS, proxy->url), "ttl=60");
	helper_ask(&helper, SESSION_ACQUIRE);
	proxy_wait(proxy, 2);
	proxy_pass(proxy);
	helper_await(&helper, SESSION_GRANTED);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	helper_ask(&helper, SESSION_RELEASE);
	helper_take(&helper);
	assert_int_equal(etcd_lease_left(etcd, keys[0].lease), -1);
	helper_end(&helper);
	etcd_wait_queue(etcd, key->text, 0);
}

/* It was carried out, and others have come since: it is sent once more. */
static void a_join_whose_answer_is_lost_keeps_its_place(void **state)
{
	const struct key *key = *state;
	struct proxy *proxy = proxy_start(etcd->members[0].port, "request_put");
	struct helper helper, next;

	proxy_hold(proxy);
	helper_open(&helper, etcd, key->text,
		    setting(SESSION_ENDPOINTS, proxy->url), "ttl=60");
	helper_open(&next, etcd, key->text);
	helper_ask(&helper, SESSION_ACQUIRE);
	proxy_wait(proxy, 1);
	proxy_repeat(proxy);
	helper_queue(&next);
	proxy_pass(proxy);
	helper_await(&helper, SESSION_GRANTED);
	helper_is_silent(&next);
	helper_end(&helper);
	helper_expect(&next, SESSION_GRANTED);
	helper_end(&next);
}

int main(void)
{
	const struct etcd_plan plan = { 0 };
	const struct CMUnitTest tests[] = {
		with_key(an_endpoint_that_never_answers_is_passed_over),
		with_key(an_endpoint_that_falls_silent_loses_nothing),
		with_key(a_release_that_is_swallowed_is_sent_again),
		with_key(a_join_that_may_come_late_costs_the_lease),
		with_key(a_join_that_is_sent_again_costs_the_lease),
		with_key(a_join_whose_answer_is_lost_keeps_its_place),
	};

	return helper_tests(&plan, tests);
}
