/* SPDX-License-Identifier: MIT */
/* test_session_watch.c - portlock-session when its watch tells nothing, or
 * nonsense: who waits is granted all the same.
 */
#include "config.h"

#include <stdio.h>

#include "tests/etcd/helper.h"
#include "tests/etcd/proxy.h"

#define LARGE (3 << 19) /* more than any line of etcd's */

/* Looks are as rare as keepalives, so that only a watch can tell in time. */
#define RARE "ttl=3600"

/* Its requests to watch have come once the proxy has kept them. */
static struct proxy *watches(void)
{
	return proxy_start(etcd->members[0].port, "create_request");
}

/* One that holds the lock, and one that waits for it behind the proxy. */
static void queue_two(struct helper *holder, struct helper *waiter,
		      const char *key, const struct proxy *proxy,
		      const char *ttl)
{
	helper_open(holder, etcd, key);
	helper_open(waiter, etcd, key, setting(SESSION_ENDPOINTS, proxy->url),
		    ttl);
	helper_take(holder);
	helper_queue(waiter);
}

static void end_two(struct helper *holder, struct helper *waiter)
{
	helper_end(holder);
	helper_expect(waiter, SESSION_GRANTED);
	helper_end(waiter);
}

static void a_watch_that_ends_is_followed_by_another(void **state)
{
	static const struct {
		const char *text;
		size_t spaces;
	} ends[] = {
		{ "", 0 },
		{ "HTTP/1.1 200 OK\r\n\r\n", 0 },
		{ "HTTP/1.1 200 OK\r\n\r\nhello\n\n\n[]\n7\n", 0 },
		{ "HTTP/1.1 200 OK\r\n\r\n{\"result\":{\"created\":tr", 0 },
		{ "HTTP/1.1 200 OK\r\n\r\n{\"result\":{\"events\":[{},7,{"
		  "\"kv\":{\"key\":\"?\",\"mod_revision\":\"x\"}}]}}\n",
		  0 },
		{ "HTTP/1.1 200 OK\r\n\r\n{", LARGE },
		{ "HTTP/1.1 200 OK\r\n\r\n{\"error\":{\"grpc_code\":14,"
		  "\"message\":\"etcdserver: no leader\"}}\n",
		  0 },
		{ "HTTP/1.1 503 Service Unavailable\r\n\r\n", 0 },
	};
	const struct key *key = *state;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct proxy *proxy = watches();
		struct helper holder, waiter;

		proxy_answer(proxy, 2, ends[i].text, ends[i].spaces);
		queue_two(&holder, &waiter, key->text, proxy, RARE);
		proxy_wait(proxy, 3);
		helper_is_silent(&waiter);
		end_two(&holder, &waiter);
	}
}

/* What is watched from has been forgotten before etcd reads the request. */
static void a_watch_of_what_is_compacted_is_followed_by_another(void **state)
{
	static char text[CTL_TEXT];
	static struct etcd_key keys[KEYS_LISTED];
	const struct key *key = *state;
	struct proxy *proxy = watches();
	struct helper holder, waiter;
	char revision[32];

	proxy_hold(proxy);
	queue_two(&holder, &waiter, key->text, proxy, RARE);
	proxy_wait(proxy, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(etcd_ctl(etcd, text, "put", "other", "x"), 0);
	assert_int_equal(etcd_keys(etcd, "other", keys), 1);
	/* The last put; two before it are not there any more. */
	snprintf(revision, sizeof(revision), "%ld",
		 (long)keys[0].create_revision + 2);
	assert_int_equal(etcd_ctl(etcd, text, "compact", revision), 0);
	proxy_pass(proxy);
	proxy_wait(proxy, 2);
	helper_is_silent(&waiter);
	end_two(&holder, &waiter);
	assert_int_equal(etcd_ctl(etcd, text, "del", "other"), 0);
}

/* Keepalives are followed by looks. */
static void a_watch_that_is_silent_is_made_up_for(void **state)
{
	const struct key *key = *state;
	struct proxy *proxy = watches();
	struct helper holder, waiter;

	proxy_hold(proxy);
	queue_two(&holder, &waiter, key->text, proxy, "ttl=5");
	proxy_wait(proxy, 1);
	end_two(&holder, &waiter);
}

static bool has_come(void *proxy)
{
	return atomic_load(&((struct proxy *)proxy)->come) > 0;
}

struct passed {
	struct proxy *proxy;
	int before;
};

static bool has_passed(void *argument)
{
	struct passed *passed = argument;

	return atomic_load(&passed->proxy->passed) > passed->before;
}

/* Who is ahead by that goes before it is known: nobody tells of it again. */
static void a_look_that_is_older_than_the_watch_is_not_the_last(void **state)
{
	const struct key *key = *state;
	struct proxy *looks =
		proxy_start(etcd->members[0].port, "{\"success\"");
	struct helper first, second, waiter;
	struct passed passed = { looks, 0 };

	helper_open(&first, etcd, key->text);
	helper_open(&second, etcd, key->text);
	helper_open(&waiter, etcd, key->text,
		    setting(SESSION_ENDPOINTS, looks->url), RARE);
	helper_take(&first);
	helper_queue(&second);
	helper_queue(&waiter);
	proxy_delay_answers(looks);
	helper_end(&second);
	wait_until(has_come, looks);
	passed.before = atomic_load(&looks->passed);
	helper_end(&first);
	wait_until(has_passed, &passed);
	wait_asleep(waiter.pid);
	proxy_pass(looks);
	helper_expect(&waiter, SESSION_GRANTED);
	helper_end(&waiter);
}

/* By hand, or with a lease that bears the same number after a restore.  Nobody
 * tells of it, and it has the name of ours. */
static void a_key_that_was_made_anew_is_not_ours(void **state)
{
	static struct etcd_key keys[KEYS_LISTED];
	static char text[CTL_TEXT];
	const struct key *key = *state;
	struct proxy *proxy = watches();
	struct helper helper;

	proxy_hold(proxy);
	helper_open(&helper, etcd, key->text,
		    setting(SESSION_ENDPOINTS, proxy->url));
	helper_take(&helper);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	assert_int_equal(etcd_ctl(etcd, text, "del", keys[0].name), 0);
	assert_int_equal(etcd_ctl(etcd, text, "put", keys[0].name, "x"), 0);
	helper_expect(&helper, SESSION_LOST);
	assert_int_equal(helper_left(&helper), 0);
	helper_ask(&helper, SESSION_RELEASE);
	helper_end(&helper);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1); /* theirs */
	assert_int_equal(etcd_ctl(etcd, text, "del", keys[0].name), 0);
}

int main(void)
{
	const struct etcd_plan plan = { 0 };
	const struct CMUnitTest tests[] = {
		with_key(a_watch_that_ends_is_followed_by_another),
		with_key(a_watch_of_what_is_compacted_is_followed_by_another),
		with_key(a_watch_that_is_silent_is_made_up_for),
		with_key(a_look_that_is_older_than_the_watch_is_not_the_last),
		with_key(a_key_that_was_made_anew_is_not_ours),
	};

	return helper_tests(&plan, tests);
}
