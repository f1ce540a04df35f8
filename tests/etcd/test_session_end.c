/* SPDX-License-Identifier: MIT */
/* test_session_end.c - how portlock-sessions end, and what becomes of what they
 * had.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/etcd/helper.h"

static void whoever_talks_nonsense_is_left_alone(void **state)
{
	const struct key *key = *state;
	static const char nonsense[] = "acquire, please";
	struct session_request odd = { .kind = SESSION_ACQUIRE, .reserved = 1 };
	struct helper helper;

	helper_open(&helper, etcd, key->text);
	helper_take(&helper);
	require(send(helper.socket, nonsense, sizeof(nonsense), 0) > 0);
	etcd_wait_queue(etcd, key->text, 0);
	helper_end(&helper);

	helper_start(&helper); /* not configured */
	helper_ask(&helper, SESSION_ACQUIRE);
	helper_expect_close(&helper);
	helper_end(&helper);

	helper_open(&helper, etcd, key->text);
	require(send(helper.socket, &odd, sizeof(odd), 0) > 0);
	helper_expect_close(&helper);
	helper_end(&helper);
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
	struct helper helper;

	helper_open(&helper, etcd, key->text);
	helper_take(&helper);
	kill(helper.pid, SIGTERM);
	wait_until(has_read_signals, &helper);
	helper_ask(&helper, SESSION_ACQUIRE);
	helper_expect(&helper, SESSION_GRANTED); /* still */
	assert_true(helper_left(&helper) > 0);
	helper_ask(&helper, SESSION_RELEASE);
	helper_expect_close(&helper);
	etcd_wait_queue(etcd, key->text, 0);
	helper_end(&helper);
}

static void a_waiter_that_is_told_to_end_leaves_the_queue(void **state)
{
	const struct key *key = *state;
	struct helper holder, helper;

	helper_open(&holder, etcd, key->text);
	helper_open(&helper, etcd, key->text);
	helper_take(&holder);
	helper_queue(&helper);
	kill(helper.pid, SIGTERM);
	helper_expect_close(&helper);
	etcd_wait_queue(etcd, key->text, 1);
	helper_end(&helper);
	helper_end(&holder);
}

/* What it had is free long before that. */
static void who_is_not_needed_ends_after_a_while(void **state)
{
	static struct etcd_key keys[KEYS_LISTED];
	const struct key *key = *state;
	struct helper holder, idle, unused;
	int64_t start, lease;

	helper_open(&holder, etcd, key->text);
	helper_open(&idle, etcd, key->text);
	start = now_ns();
	helper_open(&unused, etcd, key->text);
	helper_take(&idle);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	lease = keys[0].lease;
	helper_ask(&idle, SESSION_RELEASE);
	etcd_wait_queue(etcd, key->text, 0);
	helper_take(&holder);
	helper_expect_close(&unused);
	helper_expect_close(&idle);
	assert_true(now_ns() - start >= SESSION_IDLE * INT64_C(1000000000));
	helper_end(&unused);
	helper_end(&idle);
	assert_int_equal(etcd_lease_left(etcd, lease), -1);
	helper_is_silent(&holder);
	assert_true(helper_left(&holder) > 0);
	helper_end(&holder);
}

static void a_killed_holder_is_followed_by_the_next(void **state)
{
	const struct key *key = *state;
	struct helper a, b;

	helper_open(&a, etcd, key->text);
	helper_open(&b, etcd, key->text);
	helper_take(&a);
	helper_queue(&b);
	kill(a.pid, SIGKILL);
	/* Not before its timer has. */
	helper_expect(&b, SESSION_GRANTED);
	assert_int_equal(helper_left(&a), 0);
	assert_int_equal(helper_status(&a), SIGKILL);
	helper_end(&b);
}

int main(void)
{
	const struct etcd_plan plan = { 0 };
	const struct CMUnitTest tests[] = {
		with_key(whoever_talks_nonsense_is_left_alone),
		with_key(who_is_told_to_end_does_so_after_the_release),
		with_key(a_waiter_that_is_told_to_end_leaves_the_queue),
		with_key(who_is_not_needed_ends_after_a_while),
		with_key(a_killed_holder_is_followed_by_the_next),
	};

	return helper_tests(&plan, tests);
}
