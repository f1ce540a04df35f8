/* SPDX-License-Identifier: MIT */
/* test_session.c - portlock-session and one etcd: the lock is taken, waited
 * for, tried, given back; and its owner goes away.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/etcd/helper.h"

static struct etcd *etcd;
static struct etcd_key keys[KEYS_LISTED];

/* Takes it, which must be free. */
static struct session_answer take(struct helper *helper)
{
	helper_ask(helper, SESSION_ACQUIRE);
	return helper_expect(helper, SESSION_GRANTED);
}

static void queue_up(struct helper *helper)
{
	helper_ask(helper, SESSION_ACQUIRE);
	helper_expect(helper, SESSION_WAITING);
}

static void expect_end(struct helper *helper)
{
	assert_int_equal(helper_end(helper), 0);
}

static void the_first_in_etcds_queue_is_granted(void **state)
{
	const struct key *key = *state;
	struct session_answer answer;
	struct helper helper;

	helper_open(&helper, etcd, key->text);
	answer = take(&helper);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	assert_int_equal(answer.revision, keys[0].create_revision);
	assert_in_range(helper_left(&helper), 1, 4000000000);
	expect_end(&helper);
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
	answer = take(&helper);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	lease = keys[0].lease;
	helper_ask(&helper, SESSION_RELEASE);
	etcd_wait_queue(etcd, key->text, 0);
	assert_int_equal(helper_left(&helper), 0);
	assert_true(take(&helper).revision > answer.revision);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	assert_int_equal(keys[0].lease, lease);
	expect_end(&helper);
}

static void waiters_are_served_in_their_order(void **state)
{
	const struct key *key = *state;
	struct helper helpers[4];
	uint64_t last = 0;

	for (int i = 0; i < 4; i++)
		helper_open(&helpers[i], etcd, key->text);
	take(&helpers[0]);
	for (int i = 1; i < 4; i++)
		queue_up(&helpers[i]);
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
		expect_end(&helpers[i]);
}

static void who_gives_up_is_passed_over(void **state)
{
	const struct key *key = *state;
	struct helper a, b, c;

	helper_open(&a, etcd, key->text);
	helper_open(&b, etcd, key->text);
	helper_open(&c, etcd, key->text);
	take(&a);
	queue_up(&b);
	queue_up(&c);
	helper_ask(&b, SESSION_RELEASE);
	etcd_wait_queue(etcd, key->text, 2);
	helper_is_silent(&c);
	expect_end(&a);
	helper_expect(&c, SESSION_GRANTED);
	helper_is_silent(&b);
	expect_end(&b);
	expect_end(&c);
}

static void a_killed_holder_is_followed_by_the_next(void **state)
{
	const struct key *key = *state;
	struct helper a, b;

	helper_open(&a, etcd, key->text);
	helper_open(&b, etcd, key->text);
	take(&a);
	queue_up(&b);
	kill(a.pid, SIGKILL);
	/* Not before its timer has. */
	helper_expect(&b, SESSION_GRANTED);
	assert_int_equal(helper_left(&a), 0);
	assert_int_equal(helper_end(&a), SIGKILL);
	expect_end(&b);
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
	queue_up(&b);
	helper_ask(&b, SESSION_TRY);
	helper_expect(&b, SESSION_BUSY);
	etcd_wait_queue(etcd, key->text, 1);
	helper_ask(&a, SESSION_RELEASE);
	etcd_wait_queue(etcd, key->text, 0);
	helper_ask(&b, SESSION_TRY);
	helper_expect(&b, SESSION_GRANTED);
	expect_end(&a);
	expect_end(&b);
}

/* What a handle wanted that has gone to sleep is wanted by the next. */
static void a_request_is_taken_over_by_the_next_number(void **state)
{
	const struct key *key = *state;
	struct helper a, b;

	helper_open(&a, etcd, key->text);
	helper_open(&b, etcd, key->text);
	take(&a);
	queue_up(&b);
	queue_up(&b);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 2);
	expect_end(&a);
	helper_expect(&b, SESSION_GRANTED);
	helper_ask(&b, SESSION_ACQUIRE);
	assert_int_equal(helper_expect(&b, SESSION_GRANTED).revision,
			 keys[1].create_revision);
	expect_end(&b);
}

static void a_request_may_come_before_the_release_is_done(void **state)
{
	const struct key *key = *state;
	struct helper helper;
	uint64_t last = 0;

	helper_open(&helper, etcd, key->text);
	for (int i = 0; i < rounds(200); i++) {
		struct session_answer answer = take(&helper);

		assert_true(answer.revision > last);
		last = answer.revision;
		helper_ask(&helper, SESSION_RELEASE);
		/* Called off, wherever it is by then. */
		if (i % 3 == 0) {
			helper_ask(&helper, SESSION_ACQUIRE);
			helper_ask(&helper, SESSION_RELEASE);
		}
	}
	etcd_wait_queue(etcd, key->text, 0);
	expect_end(&helper);
}

static void two_that_are_greedy_take_turns(void **state)
{
	const struct key *key = *state;
	struct helper helpers[2];

	helper_open(&helpers[0], etcd, key->text);
	helper_open(&helpers[1], etcd, key->text);
	take(&helpers[0]);
	queue_up(&helpers[1]);
	for (int i = 0; i < rounds(100); i++) {
		struct helper *holder = &helpers[i % 2];
		struct helper *other = &helpers[(i + 1) % 2];

		assert_int_equal(helper_left(other), 0);
		helper_ask(holder, SESSION_RELEASE);
		helper_ask(holder, SESSION_ACQUIRE);
		helper_expect(other, SESSION_GRANTED);
		helper_expect(holder, SESSION_WAITING);
	}
	expect_end(&helpers[0]);
	expect_end(&helpers[1]);
}

static void whoever_talks_nonsense_is_left_alone(void **state)
{
	const struct key *key = *state;
	static const char nonsense[] = "acquire, please";
	struct session_request odd = { .kind = SESSION_ACQUIRE, .reserved = 1 };
	struct helper helper;

	helper_open(&helper, etcd, key->text);
	take(&helper);
	require(send(helper.socket, nonsense, sizeof(nonsense), 0) > 0);
	etcd_wait_queue(etcd, key->text, 0);
	expect_end(&helper);

	helper_start(&helper); /* not configured */
	helper_ask(&helper, SESSION_ACQUIRE);
	require(recv(helper.socket, &odd, sizeof(odd), 0) == 0);
	expect_end(&helper);

	helper_open(&helper, etcd, key->text);
	require(send(helper.socket, &odd, sizeof(odd), 0) > 0);
	require(recv(helper.socket, &odd, sizeof(odd), 0) == 0);
	expect_end(&helper);
}

/* It has a signalfd: what is pending it has not yet read. */
static bool has_read_signals(void *helper)
{
	char path[64], line[128];
	bool none = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status",
		 (int)((struct helper *)helper)->pid);
	file = fopen(path, "re");
	require(file);
	while (fgets(line, sizeof(line), file))
		if (strcmp(line, "ShdPnd:\t0000000000000000\n") == 0)
			none = true;
	fclose(file);
	return none;
}

/* The holder is told as well, and must not lose its lock over it. */
static void who_is_told_to_end_does_so_after_the_release(void **state)
{
	const struct key *key = *state;
	struct session_answer answer;
	struct helper helper;

	helper_open(&helper, etcd, key->text);
	take(&helper);
	kill(helper.pid, SIGTERM);
	wait_until(has_read_signals, &helper);
	helper_ask(&helper, SESSION_ACQUIRE);
	helper_expect(&helper, SESSION_GRANTED); /* still */
	assert_true(helper_left(&helper) > 0);
	helper_ask(&helper, SESSION_RELEASE);
	assert_int_equal(recv(helper.socket, &answer, sizeof(answer), 0), 0);
	etcd_wait_queue(etcd, key->text, 0);
	expect_end(&helper);
}

static void a_waiter_that_is_told_to_end_leaves_the_queue(void **state)
{
	const struct key *key = *state;
	struct session_answer answer;
	struct helper holder, helper;

	helper_open(&holder, etcd, key->text);
	helper_open(&helper, etcd, key->text);
	take(&holder);
	helper_ask(&helper, SESSION_ACQUIRE);
	helper_expect(&helper, SESSION_WAITING);
	kill(helper.pid, SIGTERM);
	assert_int_equal(recv(helper.socket, &answer, sizeof(answer), 0), 0);
	etcd_wait_queue(etcd, key->text, 1);
	expect_end(&helper);
	expect_end(&holder);
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
	queue_up(&helper);
	assert_int_equal(etcd_ctl(etcd, text, "del", other), 0);
	helper_expect(&helper, SESSION_GRANTED);
	expect_end(&helper);
}

static int start_etcd(void **state)
{
	(void)state;
	etcd = etcd_start(&(struct etcd_plan){ 0 });
	return 0;
}

static int end_etcd(void **state)
{
	(void)state;
	etcd_end(etcd);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(the_first_in_etcds_queue_is_granted),
		with_key(a_release_leaves_the_lease_for_the_next_request),
		with_key(waiters_are_served_in_their_order),
		with_key(who_gives_up_is_passed_over),
		with_key(a_killed_holder_is_followed_by_the_next),
		with_key(a_try_is_granted_or_busy),
		with_key(a_request_is_taken_over_by_the_next_number),
		with_key(a_request_may_come_before_the_release_is_done),
		with_key(two_that_are_greedy_take_turns),
		with_key(whoever_talks_nonsense_is_left_alone),
		with_key(who_is_told_to_end_does_so_after_the_release),
		with_key(a_waiter_that_is_told_to_end_leaves_the_queue),
		with_key(a_key_of_others_is_waited_for),
	};

	if (!etcd_is_installed())
		return 1;
	return cmocka_run_group_tests(tests, start_etcd, end_etcd);
}
