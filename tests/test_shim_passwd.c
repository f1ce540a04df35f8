/* SPDX-License-Identifier: MIT */
/* test_shim_passwd.c - lckpwdf() under the shim.
 *
 * It locks /etc/.pwd.lock, so the tests have an /etc of their own, in a mount
 * namespace, for which they must be root.
 */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "support/support.h"
#include "support/victim.h"
#include "victim_passwd.h"

#define BARE NULL
/* The key is this test's own, as there is but one name. */
#define RULES "passwd /etc/.pwd.lock key=%s"

static char lock[64], rules[128], short_rules[160];

static int own_etc(void **state)
{
	victim_group_setup(state);
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/etc", "tmpfs", 0, "mode=755") < 0) {
		print_message("skipped: no /etc of its own, for which it would "
			      "have to be root: %s\n",
			      strerror(errno));
		exit(77);
	}
	snprintf(lock, sizeof(lock), "portlock-test-passwd-%d", (int)getpid());
	snprintf(rules, sizeof(rules), RULES, lock);
	snprintf(short_rules, sizeof(short_rules), RULES " timeout=0.05", lock);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	victim_log_setup();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	children_kill();
	victim_unshare();
	victim_log_teardown();
	return gate_is_bound(lock) ? -1 : 0;
}

static struct child *start(const char *with)
{
	return victim_start("victim_passwd", "-", with);
}

static struct child *start_holder(const char *with)
{
	struct child *victim = start(with);

	require(victim_do(victim, PASSWD_lock) == 0);
	return victim;
}

static void it_is_held_until_it_is_given_back(void **state)
{
	struct child *holder = start_holder(rules);

	(void)state;
	assert_true(gate_is_bound(lock));
	assert_int_equal(victim_do(holder, PASSWD_unlock), 0);
	assert_false(gate_is_bound(lock));
	assert_int_equal(victim_do(holder, PASSWD_lock), 0);
	assert_true(gate_is_bound(lock));
}

/* A second lock and a second unlock are refused, as in one bare. */
static void one_process_alone_sees_no_difference(void **state)
{
	static const int commands[] = {
		PASSWD_unlock,		PASSWD_lock,   PASSWD_lock,
		PASSWD_lock_in_thread,	PASSWD_unlock, PASSWD_unlock,
		PASSWD_lock_in_thread,	PASSWD_lock,   PASSWD_unlock,
		PASSWD_lock_in_child,	PASSWD_lock,   PASSWD_lock_in_child,
		PASSWD_unlock_in_child, PASSWD_lock,   PASSWD_unlock,
	};
	const char *with[] = { BARE, "", "sem *", rules };
	int results[4][sizeof(commands) / sizeof(commands[0])];

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct child *victim = start(with[i]);

		for (size_t at = 0; at < sizeof(commands) / sizeof(commands[0]);
		     at++)
			results[i][at] = victim_do(victim, commands[at]);
		assert_int_equal(child_end(victim), 0);
		assert_memory_equal(results[0], results[i], sizeof(results[0]));
	}
}

static void waiters_go_on_in_order(void **state)
{
	struct child *holder = start_holder(rules);
	struct child *waiters[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		waiters[i] = start(rules);
		say(waiters[i], PASSWD_lock);
		wait_for_queue(lock, i + 1);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(
			victim_do(i ? waiters[i - 1] : holder, PASSWD_unlock),
			0);
		assert_int_equal(hear(waiters[i]), 0);
		for (int later = i + 1; later < 4; later++)
			assert_false(has_said(waiters[later]));
	}
}

static void a_killed_holder_lets_the_next_go_on(void **state)
{
	struct child *holder = start_holder(rules);
	struct child *next = start(rules);

	(void)state;
	say(next, PASSWD_lock);
	wait_for_queue(lock, 1);
	child_kill(holder);
	assert_int_equal(hear(next), 0);
}

static void shimmed_and_bare_processes_exclude_each_other(void **state)
{
	const char *with[] = { rules, BARE, rules, BARE };
	long *counter = victim_share();
	struct child *victims[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		victims[i] = start(with[i]);
	for (int i = 0; i < 4; i++)
		say(victims[i], PASSWD_count);
	for (int i = 0; i < 4; i++)
		assert_int_equal(hear(victims[i]), 0);
	assert_int_equal(*counter, 4 * VICTIM_PASSWD_ROUNDS);
}

static void another_lock_with_the_key_excludes_it(void **state)
{
	struct child *other = contender_start(lock, "unix");
	struct child *next = start(rules);

	(void)state;
	assert_int_equal(contender_acquire(other, 0), 0);
	say(next, PASSWD_lock);
	wait_for_queue(lock, 1);
	assert_false(has_said(next));
	contender_release(other);
	assert_int_equal(hear(next), 0);
}

static void a_timeout_ends_the_wait_as_the_alarm_of_libc_does(void **state)
{
	struct child *holder = start_holder(rules);
	struct child *next = start(short_rules);
	int64_t begin = now_ns();

	(void)state;
	assert_int_equal(victim_do(next, PASSWD_lock), EINTR);
	assert_true(now_ns() - begin >= 50000000);
	assert_int_equal(victim_do(holder, PASSWD_unlock), 0);
	assert_int_equal(victim_do(next, PASSWD_lock), 0);
}

static bool has_ended_by_signals(void *victim)
{
	kill(((struct child *)victim)->pid, SIGUSR1);
	return has_said(victim);
}

static void a_signal_handler_ends_a_wait(void **state)
{
	struct child *holder = start_holder(rules);
	struct child *next = start(rules);

	(void)state;
	assert_int_equal(victim_do(next, PASSWD_interrupt), 0);
	say(next, PASSWD_lock);
	wait_until(has_ended_by_signals, next);
	assert_int_equal(hear(next), EINTR);
	assert_int_equal(victim_do(holder, PASSWD_unlock), 0);
	assert_int_equal(victim_do(next, PASSWD_lock), 0);
}

static void a_forked_child_does_not_let_go(void **state)
{
	struct child *holder = start_holder(rules);

	(void)state;
	assert_int_equal(victim_do(holder, PASSWD_unlock_in_child), 0);
	assert_true(gate_is_bound(lock));
}

static void what_libc_refuses_leaves_the_portlock_free(void **state)
{
	struct child *victim = start(rules);

	(void)state;
	assert_int_equal(mount(NULL, "/etc", "", MS_REMOUNT | MS_RDONLY, NULL),
			 0);
	assert_int_equal(victim_do(victim, PASSWD_lock), EROFS);
	assert_false(gate_is_bound(lock));
	assert_int_equal(mount(NULL, "/etc", "", MS_REMOUNT, NULL), 0);
	assert_int_equal(victim_do(victim, PASSWD_lock), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(it_is_held_until_it_is_given_back),
		TEST(one_process_alone_sees_no_difference),
		TEST(waiters_go_on_in_order),
		TEST(a_killed_holder_lets_the_next_go_on),
		TEST(shimmed_and_bare_processes_exclude_each_other),
		TEST(another_lock_with_the_key_excludes_it),
		TEST(a_timeout_ends_the_wait_as_the_alarm_of_libc_does),
		TEST(a_signal_handler_ends_a_wait),
		TEST(a_forked_child_does_not_let_go),
		TEST(what_libc_refuses_leaves_the_portlock_free),
	};

	return cmocka_run_group_tests(tests, own_etc, NULL);
}
