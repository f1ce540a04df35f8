/* SPDX-License-Identifier: MIT */
/* mutex.c - a key per test, and victims whose private mutexes have it. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "mutex.h"

int mutex_setup(void **state)
{
	static int number;
	static struct mutex_key key;

	snprintf(key.text, sizeof(key.text), "portlock-test-mutex-%d-%d",
		 (int)getpid(), ++number);
	snprintf(key.rules, sizeof(key.rules), "mutex */victim_mutex:* key=%s",
		 key.text);
	victim_log_setup();
	*state = &key;
	return 0;
}

int mutex_teardown(void **state)
{
	struct mutex_key *key = *state;

	children_kill();
	victim_unshare();
	victim_log_teardown();
	return gate_is_bound(key->text) ? -1 : 0;
}

const char *mutex_rule(const struct mutex_key *key, const char *pattern,
		       const char *options)
{
	static char rule[512];

	snprintf(rule, sizeof(rule), "mutex %s key=%s %s", pattern, key->text,
		 options);
	return rule;
}

struct child *mutex_victim(const char *which, const char *rules)
{
	return victim_start("victim_mutex", which, rules);
}

struct child *mutex_holder(const char *which, const char *rules)
{
	struct child *victim = mutex_victim(which, rules);

	assert_int_equal(victim_do(victim, MUTEX_lock), 0);
	return victim;
}

void mutex_wait(const struct mutex_key *key, struct child *victim)
{
	int before = gate_queue(key->text);

	say(victim, MUTEX_lock);
	wait_for_queue(key->text, before + 1);
	sleep_ns(MOMENT);
	assert_false(has_said(victim));
}

void assert_mutex_is_anothers(struct child *victim)
{
	int64_t start = now_ns();

	assert_int_equal(victim_do(victim, MUTEX_try), EBUSY);
	assert_int_equal(victim_do(victim, MUTEX_old_try), EBUSY);
	assert_int_equal(victim_do(victim, MUTEX_timed_past), ETIMEDOUT);
	assert_int_equal(victim_do(victim, MUTEX_timed_wrong), EINVAL);
	assert_int_equal(victim_do(victim, MUTEX_clock_wrong), EINVAL);
	assert_int_equal(victim_do(victim, MUTEX_timed), ETIMEDOUT);
	assert_true(now_ns() - start >= PATIENCE_NS);
	assert_int_equal(victim_do(victim, MUTEX_clock), ETIMEDOUT);
	assert_true(now_ns() - start >= 2 * PATIENCE_NS);
}
