/* SPDX-License-Identifier: MIT */
/* semaphore.c - a named semaphore per test, and victims that use it. */
#include "config.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

#include "semaphore.h"

int semaphore_setup(void **state)
{
	static int number;
	static struct semaphore_names names;

	number++;
	snprintf(names.name, sizeof(names.name), "/portlock-test-%d-%d",
		 (int)getpid(), number);
	snprintf(names.other, sizeof(names.other), "%s-other", names.name);
	snprintf(names.key, sizeof(names.key), "sem:%s", names.name);
	victim_log_setup();
	*state = &names;
	return 0;
}

int semaphore_teardown(void **state)
{
	struct semaphore_names *names = *state;

	children_kill();
	sem_unlink(names->name);
	sem_unlink(names->other);
	victim_unshare();
	victim_log_teardown();
	return gate_is_bound(names->key) ? -1 : 0;
}

struct child *start(const char *name, const char *rules)
{
	struct child *victim = victim_start("victim_sem", name, rules);

	assert_int_equal(victim_do(victim, SEM_create), 0);
	return victim;
}

struct child *start_holder(const char *name, const char *rules)
{
	struct child *victim = start(name, rules);

	assert_int_equal(victim_do(victim, SEM_wait), 0);
	return victim;
}

void begin_wait(struct child *victim)
{
	say(victim, SEM_wait);
	sleep_ns(MOMENT);
	assert_false(has_said(victim));
}

void assert_held_by_another(struct child *victim)
{
	int64_t start = now_ns();

	assert_int_equal(victim_do(victim, SEM_try), EAGAIN);
	assert_int_equal(victim_do(victim, SEM_timed_past), ETIMEDOUT);
	assert_int_equal(victim_do(victim, SEM_timed), ETIMEDOUT);
	assert_true(now_ns() - start >= 50000000);
	assert_int_equal(victim_do(victim, SEM_clock), ETIMEDOUT);
	assert_true(now_ns() - start >= 100000000);
	assert_int_equal(victim_do(victim, SEM_timed_wrong), EINVAL);
	assert_int_equal(victim_do(victim, SEM_clock_wrong), EINVAL);
	assert_int_equal(victim_do(victim, SEM_value), 0);
}
