/* SPDX-License-Identifier: MIT */
/* test_session_login.c - portlock-session where etcd wants a user and a
 * password: its tokens end, and the lock goes on.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "tests/etcd/helper.h"
#include "tests/etcd/proxy.h"

static char text[CTL_TEXT];

/* One that holds, through a proxy that knows its logins, and one that waits. */
static struct proxy *queue_two(struct helper *holder, struct helper *waiter,
			       const char *key)
{
	struct proxy *proxy =
		proxy_start(etcd->members[0].port, "auth/authenticate");

	helper_open(holder, etcd, key, setting(SESSION_ENDPOINTS, proxy->url));
	helper_open(waiter, etcd, key);
	helper_take(holder);
	helper_queue(waiter);
	return proxy;
}

/* All is as it was, for both. */
static void hand_over(struct helper *holder, struct helper *waiter)
{
	helper_is_silent(holder);
	assert_true(helper_left(holder) > 0);
	helper_is_silent(waiter);
	assert_int_equal(helper_left(waiter), 0);
	helper_ask(holder, SESSION_RELEASE);
	helper_expect(waiter, SESSION_GRANTED);
	helper_end(waiter);
	helper_end(holder);
}

static void a_token_that_expires_is_followed_by_another(void **state)
{
	const struct key *key = *state;
	struct helper holder, waiter;
	struct proxy *proxy = queue_two(&holder, &waiter, key->text);

	proxy_wait(proxy, 3);
	hand_over(&holder, &waiter);
}

/* What a token says of its rights is out of date at once. */
static void rights_that_change_take_nothing_away(void **state)
{
	const struct key *key = *state;
	struct helper holder, waiter;

	queue_two(&holder, &waiter, key->text);
	assert_int_equal(etcd_ctl(etcd, text, "role", "grant-permission",
				  "locker", "read", "other"),
			 0);
	hand_over(&holder, &waiter);
}

static void who_may_no_more_loses_the_lock(void **state)
{
	const struct key *key = *state;
	struct session_answer answer;
	struct helper helper;

	helper_open(&helper, etcd, key->text);
	helper_take(&helper);
	assert_int_equal(etcd_ctl(etcd, text, "user", "delete", ETCD_USER), 0);
	answer = helper_expect(&helper, SESSION_LOST);
	assert_int_equal(helper_left(&helper), 0);
	assert_non_null(strstr(answer.text, "\"" ETCD_USER "\""));
	helper_ask(&helper, SESSION_ACQUIRE);
	answer = helper_expect(&helper, SESSION_FAILED);
	assert_int_equal(answer.error, -EKEYREJECTED);
	helper_end(&helper);
}

int main(void)
{
	const struct etcd_plan plan = { .authentication = true,
					.short_tokens = true };
	const struct CMUnitTest tests[] = {
		with_key(a_token_that_expires_is_followed_by_another),
		with_key(rights_that_change_take_nothing_away),
		with_key(who_may_no_more_loses_the_lock), /* the last */
	};

	return helper_tests(&plan, tests);
}
