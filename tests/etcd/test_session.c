/* SPDX-License-Identifier: MIT */
/* test_session.c - portlock-session and one etcd: the lock is taken, waited
 * for, tried, given back.
 */
#include "config.h"

#include <stdio.h>

#include "tests/etcd/helper.h"

static struct etcd_key keys[KEYS_LISTED];

static void the_first_in_etcds_queue_is_granted(void **state)
{
	const struct key *key = *state;
	struct session_answer answer;
	struct helper helper;

	helper_open(&helper, etcd, key->text);
	answer = helper_take(&helper);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	assert_int_equal(answer.revision, keys[0].create_revision);
	assert_in_range(helper_left(&helper), 1, 4000000000);
	helper_end(&helper);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 0);
	assert_int_equal(etcd_lease_left(etcd, keys[0].lease), -1);
}

static void a_release_leaves_the_lease_for_the_next_request(void **state)
{
	const struct key *key = *state;
	struct session_answer answer;
	struct helper helper;
	int64_t lease;

	helper_open(&helper, etcd, key->text);
	answer = helper_take(&helper);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	lease = keys[0].lease;
	helper_ask(&helper, SESSION_RELEASE);
	etcd_wait_queue(etcd, key->text, 0);
	assert_int_equal(helper_left(&helper), 0);
	assert_true(helper_take(&helper).revision > answer.revision);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	assert_int_equal(keys[0].lease, lease);
	helper_end(&helper);
}

static void waiters_are_served_in_their_order(void **state)
{
	const struct key *key = *state;
	struct helper helpers[4];
	uint64_t last = 0;

	for (int i = 0; i < 4; i++)
		helper_open(&helpers[i], etcd, key->text);
	helper_take(&helpers[0]);
	for (int i = 1; i < 4; i++)
		helper_queue(&helpers[i]);
	for (int i = 1; i < 4; i++) {
		struct session_answer answer;

		for (int j = i; j < 4; j++)
			helper_is_silent(&helpers[j]);
		assert_int_equal(helper_left(&helpers[i]), 0);
		helper_ask(&helpers[i - 1], SESSION_RELEASE);
		answer = helper_expect(&helpers[i], SESSION_GRANTED);
		assert_true(answer.revision > last);
		last = answer.revision;
	}
	for (int i = 0; i < 4; i++)
		helper_end(&helpers[i]);
}

static void who_gives_up_is_passed_over(void **state)
{
	const struct key *key = *state;
	struct helper a, b, c;

	helper_open(&a, etcd, key->text);
	helper_open(&b, etcd, key->text);
	helper_open(&c, etcd, key->text);
	helper_take(&a);
	helper_queue(&b);
	helper_queue(&c);
	helper_ask(&b, SESSION_RELEASE);
	etcd_wait_queue(etcd, key->text, 2);
	helper_is_silent(&c);
	helper_end(&a);
	helper_expect(&c, SESSION_GRANTED);
	helper_is_silent(&b);
	helper_end(&b);
	helper_end(&c);
}

static void a_try_is_granted_or_busy(void **state)
{
	const struct key *key = *state;
	struct helper a, b;

	helper_open(&a, etcd, key->text);
	helper_open(&b, etcd, key->text);
	helper_ask(&a, SESSION_TRY);
	helper_expect(&a, SESSION_GRANTED);
	helper_ask(&b, SESSION_TRY);
	helper_expect(&b, SESSION_BUSY);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	/* In the queue already, for a handle that gave up. */
	helper_queue(&b);
	helper_ask(&b, SESSION_TRY);
	helper_expect(&b, SESSION_BUSY);
	etcd_wait_queue(etcd, key->text, 1);
	helper_ask(&a, SESSION_RELEASE);
	etcd_wait_queue(etcd, key->text, 0);
	helper_ask(&b, SESSION_TRY);
	helper_expect(&b, SESSION_GRANTED);
	helper_end(&a);
	helper_end(&b);
}

/* What a handle wanted that has gone to sleep is wanted by the next. */
static void a_request_is_taken_over_by_the_next_number(void **state)
{
	const struct key *key = *state;
	struct helper a, b;

	helper_open(&a, etcd, key->text);
	helper_open(&b, etcd, key->text);
	helper_take(&a);
	helper_queue(&b);
	helper_queue(&b);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 2);
	helper_end(&a);
	helper_expect(&b, SESSION_GRANTED);
	helper_ask(&b, SESSION_ACQUIRE);
	assert_int_equal(helper_expect(&b, SESSION_GRANTED).revision,
			 keys[1].create_revision);
	helper_end(&b);
}

static void a_request_may_come_before_the_release_is_done(void **state)
{
	const struct key *key = *state;
	struct helper helper;
	uint64_t last = 0;

	helper_open(&helper, etcd, key->text);
	for (int i = 0; i < rounds(200); i++) {
		struct session_answer answer = helper_take(&helper);

		assert_true(answer.revision > last);
		last = answer.revision;
		helper_ask(&helper, SESSION_RELEASE);
		/* Called off, wherever it is by then: also granted. */
		if (i % 3 == 0) {
			helper_ask(&helper, SESSION_ACQUIRE);
			sleep_ns(i % 2 * INT64_C(2000000));
			helper_ask(&helper, SESSION_RELEASE);
		}
	}
	etcd_wait_queue(etcd, key->text, 0);
	helper_end(&helper);
}

static void two_that_are_greedy_take_turns(void **state)
{
	const struct key *key = *state;
	struct helper helpers[2];

	helper_open(&helpers[0], etcd, key->text);
	helper_open(&helpers[1], etcd, key->text);
	helper_take(&helpers[0]);
	helper_queue(&helpers[1]);
	for (int i = 0; i < rounds(100); i++) {
		struct helper *holder = &helpers[i % 2];
		struct helper *other = &helpers[(i + 1) % 2];

		assert_int_equal(helper_left(other), 0);
		helper_ask(holder, SESSION_RELEASE);
		helper_ask(holder, SESSION_ACQUIRE);
		helper_expect(other, SESSION_GRANTED);
		helper_expect(holder, SESSION_WAITING);
	}
	helper_end(&helpers[0]);
	helper_end(&helpers[1]);
}

/* Places are by the revision that made a key, not by the last one. */
static void a_key_that_is_written_again_keeps_its_place(void **state)
{
	const struct key *key = *state;
	static char text[CTL_TEXT];
	struct helper a, b;

	helper_open(&a, etcd, key->text);
	helper_open(&b, etcd, key->text);
	helper_take(&a);
	helper_queue(&b);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 2);
	assert_int_equal(etcd_ctl(etcd, text, "put", "--ignore-lease",
				  keys[0].name, "x"),
			 0);
	/* Looks again who is ahead of it. */
	helper_ask(&b, SESSION_TRY);
	helper_expect(&b, SESSION_BUSY);
	assert_int_equal(helper_left(&b), 0);
	helper_end(&a);
	helper_end(&b);
}

/* As "etcdctl lock" would have put it. */
static void a_key_of_others_is_waited_for(void **state)
{
	const struct key *key = *state;
	static char text[CTL_TEXT];
	struct helper helper;
	char other[128];

	snprintf(other, sizeof(other), "portlock/%s/0", key->text);
	assert_int_equal(etcd_ctl(etcd, text, "put", other, "x"), 0);
	helper_open(&helper, etcd, key->text);
	helper_queue(&helper);
	assert_int_equal(etcd_ctl(etcd, text, "del", other), 0);
	helper_expect(&helper, SESSION_GRANTED);
	helper_end(&helper);
}

int main(void)
{
	const struct etcd_plan plan = { 0 };
	const struct CMUnitTest tests[] = {
		with_key(the_first_in_etcds_queue_is_granted),
		with_key(a_release_leaves_the_lease_for_the_next_request),
		with_key(waiters_are_served_in_their_order),
		with_key(who_gives_up_is_passed_over),
		with_key(a_try_is_granted_or_busy),
		with_key(a_request_is_taken_over_by_the_next_number),
		with_key(a_request_may_come_before_the_release_is_done),
		with_key(two_that_are_greedy_take_turns),
		with_key(a_key_that_is_written_again_keeps_its_place),
		with_key(a_key_of_others_is_waited_for),
	};

	return helper_tests(&plan, tests);
}
