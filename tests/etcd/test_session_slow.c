/* SPDX-License-Identifier: MIT */
/* test_session_slow.c - portlock-session when answers take their time: etcd may
 * have counted from the moment when it was asked, and so do we.
 */
#include "config.h"

#include "tests/etcd/helper.h"
#include "tests/etcd/proxy.h"

#define SECOND INT64_C(1000000000)
#define SLOW (SECOND / 4) /* less than a request may take */

/* Not later than the end of the timer, which grows while we look. */
static int64_t deadline_of(const struct helper *helper)
{
	int64_t now = now_ns();

	return now + helper_left(helper);
}

/* Not earlier than what a lease stands for that was asked for before. */
static int64_t latest(const struct proxy *proxy, int ttl)
{
	return atomic_load(&proxy->came) + ttl * SECOND -
	       SESSION_MARGIN(ttl) * INT64_C(1000000);
}

static struct proxy *slow_proxy(const char *mark)
{
	struct proxy *proxy = proxy_start(etcd->members[0].port, mark);

	atomic_store(&proxy->delay, SLOW);
	return proxy;
}

static void a_new_lease_counts_from_its_request(void **state)
{
	const struct key *key = *state;
	struct proxy *proxy = slow_proxy("lease/grant");
	struct helper helper;

	helper_open(&helper, etcd, key->text,
		    setting(SESSION_ENDPOINTS, proxy->url), "ttl=60");
	helper_take(&helper);
	assert_in_range(deadline_of(&helper), 1, latest(proxy, 60));
	helper_end(&helper);
}

struct pushed {
	const struct helper *helper;
	int64_t deadline;
};

static bool is_pushed(void *argument)
{
	const struct pushed *pushed = argument;

	/* The same one is seen a moment earlier or later. */
	return deadline_of(pushed->helper) > pushed->deadline + SECOND / 2;
}

static void a_renewal_counts_from_its_request(void **state)
{
	const struct key *key = *state;
	struct proxy *proxy = slow_proxy("lease/keepalive");
	struct pushed pushed;
	struct helper helper;

	helper_open(&helper, etcd, key->text,
		    setting(SESSION_ENDPOINTS, proxy->url));
	helper_take(&helper);
	pushed = (struct pushed){ &helper, deadline_of(&helper) };
	wait_until(is_pushed, &pushed);
	assert_in_range(deadline_of(&helper), 1, latest(proxy, 5));
	helper_end(&helper);
}

int main(void)
{
	const struct etcd_plan plan = { 0 };
	const struct CMUnitTest tests[] = {
		with_key(a_new_lease_counts_from_its_request),
		with_key(a_renewal_counts_from_its_request),
	};

	return helper_tests(&plan, tests);
}
