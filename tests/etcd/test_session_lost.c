/* SPDX-License-Identifier: MIT */
/* test_session_lost.c - portlock-session when leases, keys and etcd go away
 * under it: never a lock that the cluster does not stand for.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "tests/etcd/helper.h"
#include "tests/etcd/proxy.h"

static struct etcd_key keys[KEYS_LISTED];
static char text[CTL_TEXT];

/* a is the next one, when b ends. */
static void take_after(struct helper *a, struct helper *b)
{
	helper_queue(a);
	helper_end(b);
	helper_expect(a, SESSION_GRANTED);
}

static bool has_expired(void *helper)
{
	return helper_left(helper) == 0;
}

/* The key's place in the queue; by its lease. */
static int64_t lease_of(const struct key *key, int place)
{
	assert_true(etcd_queue(etcd, key->text, keys) > place);
	return keys[place].lease;
}

/* etcd 3.4's lock call would grant to b as soon as a has gone. */
static void who_waits_without_a_lease_is_not_granted(void **state)
{
	const struct key *key = *state;
	struct helper a, b, c;
	int64_t revision;

	helper_open(&a, etcd, key->text);
	helper_open(&b, etcd, key->text);
	helper_open(&c, etcd, key->text);
	helper_take(&a);
	helper_queue(&b);
	helper_queue(&c);
	assert_true(etcd_revoke(etcd, lease_of(key, 1)));
	helper_expect(&b, SESSION_WAITING); /* anew, behind c */
	assert_int_equal(etcd_queue(etcd, key->text, keys), 3);
	revision = keys[2].create_revision;
	helper_end(&a);
	helper_expect(&c, SESSION_GRANTED);
	helper_is_silent(&b);
	assert_int_equal(helper_left(&b), 0);
	helper_end(&c);
	assert_int_equal(helper_expect(&b, SESSION_GRANTED).revision, revision);
	helper_end(&b);
}

/* The same while it cannot notice: both have gone when it wakes up. */
static void who_slept_through_its_lease_is_not_granted(void **state)
{
	const struct key *key = *state;
	struct helper a, b, c;

	helper_open(&a, etcd, key->text);
	helper_open(&b, etcd, key->text);
	helper_open(&c, etcd, key->text);
	helper_take(&a);
	helper_queue(&b);
	kill(b.pid, SIGSTOP);
	wait_stopped(b.pid);
	assert_true(etcd_revoke(etcd, lease_of(key, 1)));
	helper_end(&a);
	helper_take(&c);
	kill(b.pid, SIGCONT);
	helper_expect(&b, SESSION_WAITING);
	assert_int_equal(helper_left(&b), 0);
	helper_end(&c);
	helper_expect(&b, SESSION_GRANTED);
	helper_end(&b);
}

static void a_revoked_lease_is_a_lost_lock(void **state)
{
	const struct key *key = *state;
	struct helper helper;

	helper_open(&helper, etcd, key->text);
	helper_take(&helper);
	assert_true(etcd_revoke(etcd, lease_of(key, 0)));
	helper_expect(&helper, SESSION_LOST);
	assert_int_equal(helper_left(&helper), 0);
	helper_take(&helper); /* with another one */
	assert_true(helper_left(&helper) > 0);
	helper_end(&helper);
}

static void a_deleted_key_is_a_lost_lock(void **state)
{
	const struct key *key = *state;
	struct session_answer answer;
	struct helper helper;

	helper_open(&helper, etcd, key->text);
	helper_take(&helper);
	lease_of(key, 0);
	assert_int_equal(etcd_ctl(etcd, text, "del", keys[0].name), 0);
	answer = helper_expect(&helper, SESSION_LOST);
	assert_string_equal(answer.text, "its key in etcd is gone");
	assert_int_equal(helper_left(&helper), 0);
	helper_take(&helper);
	helper_end(&helper);
}

/* The next one is told of it at the same moment, and has to look. */
static void a_deleted_key_is_known_without_a_look(void **state)
{
	const struct key *key = *state;
	struct proxy *looks =
		proxy_start(etcd->members[0].port, "{\"success\"");
	char endpoints[96];
	struct helper helper;

	snprintf(endpoints, sizeof(endpoints), "endpoints=%s", looks->url);
	helper_open(&helper, etcd, key->text, endpoints, "ttl=60");
	helper_take(&helper);
	lease_of(key, 0);
	assert_int_equal(etcd_ctl(etcd, text, "del", keys[0].name), 0);
	helper_expect(&helper, SESSION_LOST);
	assert_int_equal(atomic_load(&looks->kept), 0);
	helper_take(&helper);
	helper_end(&helper);
}

/* A leader that slept answers keepalives before it knows that there is another
 * one by now.  What a majority answers is in the look that comes after it. */
static void a_keepalive_alone_prolongs_nothing(void **state)
{
	const struct key *key = *state;
	struct proxy *looks =
		proxy_start(etcd->members[0].port, "{\"success\"");
	char endpoints[96];
	struct helper helper;

	snprintf(endpoints, sizeof(endpoints), "endpoints=%s", looks->url);
	helper_open(&helper, etcd, key->text, endpoints, "ttl=6");
	helper_take(&helper);
	atomic_store(&looks->held, 1);
	helper_expect(&helper, SESSION_LOST);
	assert_true(etcd_lease_left(etcd, lease_of(key, 0)) > 2);
	atomic_store(&looks->held, 0);
	helper_take(&helper);
	helper_end(&helper);
}

struct renewal {
	struct proxy *proxy;
	const struct helper *helper;
};

/* Who asks again, holds still. */
static bool is_over_or_goes_on(void *argument)
{
	struct renewal *renewal = argument;

	return helper_left(renewal->helper) == 0 ||
	       atomic_load(&renewal->proxy->kept) > 1;
}

/* Of one that it has no more, etcd tells no TTL. */
static void a_lease_without_time_left_is_a_lost_lock(void **state)
{
	const struct key *key = *state;
	struct proxy *proxy =
		proxy_start(etcd->members[0].port, "/lease/keepalive");
	char ended[128];
	struct session_answer answer;
	struct helper helper;
	struct renewal renewal = { proxy, &helper };

	helper_open(&helper, etcd, key->text,
		    setting(SESSION_ENDPOINTS, proxy->url));
	helper_take(&helper);
	snprintf(ended, sizeof(ended),
		 "HTTP/1.1 200 OK\r\n\r\n{\"result\":{\"header\":{"
		 "\"raft_term\":\"2\"},\"ID\":\"%lld\"}}\n",
		 (long long)lease_of(key, 0));
	proxy_answer(proxy, PROXY_ALWAYS, ended, 0);
	wait_until(is_over_or_goes_on, &renewal);
	assert_int_equal(helper_left(&helper), 0);
	answer = helper_expect(&helper, SESSION_LOST);
	assert_string_equal(answer.text, "its lease in etcd has ended");
	proxy_pass(proxy);
	/* It had not; the next one waits for that. */
	helper_ask(&helper, SESSION_ACQUIRE);
	helper_await(&helper, SESSION_GRANTED);
	helper_end(&helper);
}

/* It was idle when there was another leader: its key must not be in the way of
 * its next one. */
static void an_old_promise_is_asked_for_again(void **state)
{
	const struct key *key = *state;
	struct proxy *proxy =
		proxy_start(etcd->members[0].port, "/lease/keepalive");
	char endpoints[96], promise[128];
	struct helper helper;
	int64_t end;

	snprintf(endpoints, sizeof(endpoints), "endpoints=%s", proxy->url);
	helper_open(&helper, etcd, key->text, endpoints);
	helper_take(&helper);
	snprintf(promise, sizeof(promise),
		 "HTTP/1.1 200 OK\r\n\r\n{\"result\":{\"header\":{"
		 "\"raft_term\":\"99\"},\"ID\":\"%lld\",\"TTL\":\"5\"}}\n",
		 (long long)lease_of(key, 0));
	proxy_answer(proxy, PROXY_ALWAYS, promise, 0);
	end = now_ns() + helper_left(&helper);
	helper_ask(&helper, SESSION_RELEASE);
	/* Until its deadline is over; the lease is not, by then. */
	while (now_ns() < end)
		sleep_ns(10000000);
	proxy_pass(proxy);
	helper_take(&helper);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	assert_true(helper_left(&helper) > 0);
	helper_end(&helper);
}

static void without_etcd_the_lock_is_lost_before_the_lease(void **state)
{
	const struct key *key = *state;
	struct session_answer answer;
	struct helper helper;

	helper_open(&helper, etcd, key->text);
	helper_take(&helper);
	lease_of(key, 0);
	etcd_freeze(etcd, 0);
	wait_until(has_expired, &helper);
	answer = helper_expect(&helper, SESSION_LOST);
	assert_non_null(strstr(answer.text, "no keepalive was answered"));
	etcd_thaw(etcd, 0);
	etcd_wait(etcd);
	etcd_wait_queue(etcd, key->text, 0);
	helper_take(&helper);
	helper_end(&helper);
}

static void the_timer_needs_no_helper(void **state)
{
	const struct key *key = *state;
	struct helper a, b;

	helper_open(&a, etcd, key->text);
	helper_open(&b, etcd, key->text);
	helper_take(&a);
	helper_queue(&b);
	kill(a.pid, SIGSTOP);
	helper_expect(&b, SESSION_GRANTED);
	assert_int_equal(helper_left(&a), 0);
	kill(a.pid, SIGCONT);
	helper_expect(&a, SESSION_LOST);
	assert_int_equal(helper_left(&a), 0);
	helper_ask(&a, SESSION_ACQUIRE);
	helper_expect(&a, SESSION_WAITING);
	helper_end(&b);
	helper_expect(&a, SESSION_GRANTED);
	helper_end(&a);
}

/* By who shares it; the next renewal would find it out in 20 minutes. */
static void a_stopped_timer_is_a_lost_lock(void **state)
{
	const struct key *key = *state;
	const struct itimerspec at_once = { .it_value = { .tv_nsec = 1 } };
	struct session_answer answer;
	struct helper helper;

	helper_open(&helper, etcd, key->text, "ttl=3600");
	helper_take(&helper);
	require(timerfd_settime(helper.timer, 0, &at_once, NULL) == 0);
	answer = helper_expect(&helper, SESSION_LOST);
	assert_string_equal(answer.text, "the lock's timer was stopped");
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	helper_take(&helper);
	helper_end(&helper);
}

static bool has_said_something(const struct helper *helper, int ms)
{
	struct pollfd look = { .fd = helper->socket, .events = POLLIN };

	return poll(&look, 1, ms) > 0;
}

/* What relied on it may need all the time that the lease has left. */
static void a_lost_lock_is_not_given_away_before_it_is_let_go(void **state)
{
	const struct key *key = *state;
	const struct itimerspec at_once = { .it_value = { .tv_nsec = 1 } };
	struct helper a, b;

	helper_open(&a, etcd, key->text, "ttl=9");
	helper_open(&b, etcd, key->text, "ttl=9");
	helper_take(&a);
	helper_queue(&b);
	/* The lease goes on for some time. */
	require(timerfd_settime(a.timer, 0, &at_once, NULL) == 0);
	helper_expect(&a, SESSION_LOST);
	assert_false(has_said_something(&b, 1000));
	assert_int_equal(etcd_queue(etcd, key->text, keys), 2);
	helper_ask(&a, SESSION_RELEASE);
	helper_expect(&b, SESSION_GRANTED);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	take_after(&a, &b);
	helper_end(&a);
}

/* Who ends the holder has to end its children as well. */
static void a_lost_lock_of_who_has_ended_lasts_as_the_lease(void **state)
{
	const struct key *key = *state;
	const struct itimerspec at_once = { .it_value = { .tv_nsec = 1 } };
	struct helper a, b;

	helper_open(&a, etcd, key->text, "ttl=6");
	helper_open(&b, etcd, key->text);
	helper_take(&a);
	helper_queue(&b);
	require(timerfd_settime(a.timer, 0, &at_once, NULL) == 0);
	helper_expect(&a, SESSION_LOST);
	shutdown(a.socket, SHUT_RDWR);
	assert_false(has_said_something(&b, 1000));
	helper_expect(&b, SESSION_GRANTED);
	helper_end(&a);
	helper_end(&b);
}

/* Who has not read that it is lost has let it go all the same. */
static void a_release_counts_that_is_the_last_word(void **state)
{
	const struct key *key = *state;
	const struct itimerspec at_once = { .it_value = { .tv_nsec = 1 } };
	struct helper a, b;

	helper_open(&a, etcd, key->text, "ttl=3600");
	helper_open(&b, etcd, key->text, "ttl=3600");
	helper_take(&a);
	helper_queue(&b);
	require(timerfd_settime(a.timer, 0, &at_once, NULL) == 0);
	assert_true(has_said_something(&a, 60000));
	kill(a.pid, SIGSTOP);
	wait_stopped(a.pid);
	helper_ask(&a, SESSION_RELEASE);
	close(a.socket);
	kill(a.pid, SIGCONT);
	helper_expect(&b, SESSION_GRANTED);
	a.socket = -1;
	helper_end(&a);
	helper_end(&b);
}

static void a_holder_outlives_many_keepalives(void **state)
{
	const struct key *key = *state;
	struct helper helper;
	int64_t start;

	helper_open(&helper, etcd, key->text);
	helper_take(&helper);
	start = now_ns();
	while (now_ns() - start < INT64_C(7000000000)) {
		assert_true(helper_left(&helper) > 0);
		sleep_ns(100000000);
	}
	helper_is_silent(&helper);
	helper_end(&helper);
}

static void etcd_is_started_again_under_its_waiters(void **state)
{
	const struct key *key = *state;
	struct helper a, b;

	helper_open(&a, etcd, key->text, "ttl=60");
	helper_open(&b, etcd, key->text, "ttl=60");
	helper_take(&a);
	helper_queue(&b);
	etcd_kill(etcd, 0);
	assert_int_equal(helper_expect(&b, SESSION_TROUBLE).error,
			 -EHOSTUNREACH);
	helper_ask(&a, SESSION_RELEASE);
	etcd_restart(etcd, 0);
	helper_await(&b, SESSION_GRANTED);
	etcd_wait_queue(etcd, key->text, 1);
	helper_end(&a);
	helper_end(&b);
}

/* Asked for again before it can be given back. */
static void a_release_waits_for_etcd(void **state)
{
	const struct key *key = *state;
	struct helper helper;

	helper_open(&helper, etcd, key->text, "ttl=60");
	helper_take(&helper);
	etcd_freeze(etcd, 0);
	helper_ask(&helper, SESSION_RELEASE);
	helper_ask(&helper, SESSION_ACQUIRE);
	helper_expect(&helper, SESSION_TROUBLE);
	assert_int_equal(helper_left(&helper), 0);
	etcd_thaw(etcd, 0);
	helper_await(&helper, SESSION_GRANTED);
	etcd_wait_queue(etcd, key->text, 1);
	helper_ask(&helper, SESSION_RELEASE);
	etcd_wait_queue(etcd, key->text, 0);
	helper_end(&helper);
}

int main(void)
{
	const struct etcd_plan plan = { 0 };
	const struct CMUnitTest tests[] = {
		with_key(who_waits_without_a_lease_is_not_granted),
		with_key(who_slept_through_its_lease_is_not_granted),
		with_key(a_revoked_lease_is_a_lost_lock),
		with_key(a_deleted_key_is_a_lost_lock),
		with_key(a_deleted_key_is_known_without_a_look),
		with_key(a_keepalive_alone_prolongs_nothing),
		with_key(a_lease_without_time_left_is_a_lost_lock),
		with_key(an_old_promise_is_asked_for_again),
		with_key(without_etcd_the_lock_is_lost_before_the_lease),
		with_key(the_timer_needs_no_helper),
		with_key(a_stopped_timer_is_a_lost_lock),
		with_key(a_lost_lock_is_not_given_away_before_it_is_let_go),
		with_key(a_lost_lock_of_who_has_ended_lasts_as_the_lease),
		with_key(a_release_counts_that_is_the_last_word),
		with_key(a_holder_outlives_many_keepalives),
		with_key(etcd_is_started_again_under_its_waiters),
		with_key(a_release_waits_for_etcd),
	};

	return helper_tests(&plan, tests);
}
