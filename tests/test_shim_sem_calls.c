/* SPDX-License-Identifier: MIT */
/* test_shim_sem_calls.c - the calls around a named semaphore behave under the
 * shim as they do without it: posts, signals, opens and closes; and the rules.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "support/semaphore.h"

/* ---- who posts ----------------------------------------------------------- */

static void any_thread_and_a_signal_handler_may_post(void **state)
{
	static const int posts[] = { SEM_post_in_thread, SEM_post_in_handler };
	struct semaphore_names *names = *state;
	struct child *holder = start(names->name, RULES);
	struct child *other = start(names->name, RULES);

	for (int i = 0; i < 2; i++) {
		assert_int_equal(victim_do(holder, SEM_wait), 0);
		assert_true(gate_is_bound(names->key));
		assert_int_equal(victim_do(holder, posts[i]), 0);
		assert_false(gate_is_bound(names->key));
		assert_int_equal(victim_do(other, SEM_try), 0);
		assert_int_equal(victim_do(other, SEM_post), 0);
	}
}

static void a_forked_child_neither_holds_nor_releases(void **state)
{
	struct semaphore_names *names = *state;
	struct child *holder = start_holder(names->name, RULES);
	struct child *other = start(names->name, RULES);

	assert_int_equal(victim_do(holder, SEM_try_in_child), EAGAIN);
	assert_int_equal(victim_do(other, SEM_try), EAGAIN);
	child_kill(holder);
	assert_int_equal(victim_do(other, SEM_try), 0);
}

static void a_forked_child_can_be_a_holder_of_its_own(void **state)
{
	struct semaphore_names *names = *state;
	struct child *parent = start(names->name, RULES);

	for (int i = 0; i < 2; i++) {
		assert_int_equal(victim_do(parent, SEM_wait_in_child), 0);
		assert_int_equal(victim_do(parent, SEM_wait), 0);
		assert_true(victim_log_has("recovered"));
		assert_int_equal(victim_do(parent, SEM_post), 0);
	}
}

static void a_post_of_a_forked_child_is_a_plain_one(void **state)
{
	struct semaphore_names *names = *state;
	struct child *holder = start_holder(names->name, RULES);
	struct child *bare = start(names->name, BARE);

	assert_int_equal(victim_do(holder, SEM_post_in_child), 0);
	assert_int_equal(victim_do(bare, SEM_try), 0);
	/* That its creator dies is nothing to who has it now. */
	child_kill(holder);
	assert_int_equal(victim_do(start(names->name, RULES), SEM_try), EAGAIN);
}

/* ---- signals ------------------------------------------------------------- */

static bool has_ended_by_signals(void *victim)
{
	kill(((struct child *)victim)->pid, SIGUSR1);
	return has_said(victim);
}

static void a_signal_handler_ends_a_wait(void **state)
{
	static const char *const both[] = { BARE, RULES };
	struct semaphore_names *names = *state;

	for (int i = 0; i < 4; i++) {
		struct child *holder = start_holder(names->name, both[i / 2]);
		struct child *other = start(names->name, both[i % 2]);

		assert_int_equal(victim_do(other, SEM_interrupt), 0);
		say(other, SEM_wait);
		wait_until(has_ended_by_signals, other);
		assert_int_equal(hear(other), EINTR);
		assert_int_equal(victim_do(other, SEM_try), EAGAIN);
		assert_int_equal(victim_do(holder, SEM_post), 0);
		assert_int_equal(victim_do(other, SEM_try), 0);
		assert_int_equal(victim_do(other, SEM_post), 0);
		child_end(holder);
		child_end(other);
	}
}

static void a_wait_goes_on_after_a_handler_that_restarts(void **state)
{
	static const char *const rules[] = { BARE, RULES, RULES " timeout=99" };
	struct semaphore_names *names = *state;

	for (int i = 0; i < 6; i++) {
		struct child *holder = start_holder(names->name, rules[i / 3]);
		struct child *other = start(names->name, rules[i % 3]);

		assert_int_equal(victim_do(other, SEM_restart), 0);
		begin_wait(other);
		for (int signals = 0; signals < 10; signals++) {
			assert_false(has_ended_by_signals(other));
			sleep_ns(MOMENT / 20);
		}
		assert_int_equal(victim_do(holder, SEM_post), 0);
		assert_int_equal(hear(other), 0);
		assert_int_equal(victim_do(other, SEM_post), 0);
		child_end(holder);
		child_end(other);
	}
}

/* ---- names, handles, rules ----------------------------------------------- */

static void an_unlinked_semaphore_still_excludes_and_recovers(void **state)
{
	struct semaphore_names *names = *state;
	struct child *holder = start_holder(names->name, RULES);
	struct child *next = start(names->name, RULES);

	assert_int_equal(victim_do(holder, SEM_unlink), 0);
	assert_int_equal(victim_do(next, SEM_try), EAGAIN);
	child_kill(holder);
	assert_int_equal(victim_do(next, SEM_wait), 0);
	assert_int_equal(victim_do(next, SEM_open), ENOENT);
	assert_int_equal(victim_do(next, SEM_post), 0);
	assert_int_equal(victim_do(next, SEM_value), 1);
}

static void a_second_open_is_the_same_semaphore(void **state)
{
	struct semaphore_names *names = *state;
	struct child *holder = start_holder(names->name, RULES);
	struct child *next = start(names->name, RULES);

	assert_int_equal(victim_do(holder, SEM_open), 0);
	assert_int_equal(victim_do(holder, SEM_try), EAGAIN);
	assert_int_equal(victim_do(holder, SEM_close), 0);
	assert_int_equal(victim_do(next, SEM_try), EAGAIN);
	assert_int_equal(victim_do(holder, SEM_post), 0);
	assert_int_equal(victim_do(next, SEM_wait), 0);
	assert_int_equal(victim_do(holder, SEM_close), 0);
	assert_int_equal(victim_do(holder, SEM_open), 0);
	assert_int_equal(victim_do(holder, SEM_try), EAGAIN);
	child_kill(next);
	assert_int_equal(victim_do(holder, SEM_try), 0);
}

static void what_is_closed_while_held_stays_held(void **state)
{
	struct semaphore_names *names = *state;
	struct child *holder = start(names->name, RULES);
	struct child *next = start(names->name, RULES);

	for (int i = 0; i < 3; i++) {
		assert_int_equal(victim_do(holder, SEM_wait), 0);
		assert_int_equal(victim_do(holder, SEM_close), 0);
		assert_int_equal(victim_do(next, SEM_try), EAGAIN);
		assert_true(gate_is_bound(names->key));
		assert_int_equal(victim_do(holder, SEM_open), 0);
		assert_int_equal(victim_do(holder, SEM_post), 0);
		assert_int_equal(victim_do(next, SEM_try), 0);
		assert_int_equal(victim_do(next, SEM_post), 0);
	}
	assert_int_equal(victim_do(holder, SEM_wait), 0);
	assert_int_equal(victim_do(holder, SEM_close), 0);
	child_kill(holder);
	assert_int_equal(victim_do(next, SEM_wait), 0);
}

static void a_timeout_in_the_rule_bounds_every_wait(void **state)
{
	static const char *const holders[] = { BARE, RULES };
	struct semaphore_names *names = *state;

	for (int i = 0; i < 2; i++) {
		struct child *holder = start_holder(names->name, holders[i]);
		struct child *other = start(names->name, RULES " timeout=0.03");
		int64_t start = now_ns();

		assert_int_equal(victim_do(other, SEM_wait), ETIMEDOUT);
		assert_true(now_ns() - start >= 30000000);
		assert_int_equal(victim_do(other, SEM_timed), ETIMEDOUT);
		assert_int_equal(victim_do(holder, SEM_post), 0);
		assert_int_equal(victim_do(other, SEM_wait), 0);
		assert_int_equal(victim_do(other, SEM_post), 0);
		child_end(holder);
		child_end(other);
	}
}

static void names_with_one_key_exclude_each_other(void **state)
{
	struct semaphore_names *names = *state;
	char rules[128];
	struct child *holder, *other;

	snprintf(rules, sizeof(rules), RULES " key='sem:%s' transport=tcp",
		 names->name);
	holder = start_holder(names->name, rules);
	other = start(names->other, rules);
	assert_int_equal(victim_do(other, SEM_try), EAGAIN);
	child_kill(holder);
	assert_int_equal(victim_do(other, SEM_try), 0);
}

static void without_descriptors_the_real_semaphore_does(void **state)
{
	static const struct rlimit none = { 3, 1024 };
	static const struct rlimit some = { 64, 1024 };
	struct semaphore_names *names = *state;
	struct child *holder = start(names->name, RULES);
	struct child *other = start(names->name, RULES);

	assert_int_equal(prlimit(holder->pid, RLIMIT_NOFILE, &none, NULL), 0);
	assert_int_equal(victim_do(holder, SEM_wait), 0);
	assert_false(gate_is_bound(names->key));
	assert_int_equal(victim_do(other, SEM_try), EAGAIN);
	assert_int_equal(prlimit(holder->pid, RLIMIT_NOFILE, &some, NULL), 0);
	assert_int_equal(victim_do(holder, SEM_post), 0);
	assert_int_equal(victim_do(other, SEM_try), 0);
	assert_int_equal(victim_do(other, SEM_post), 0);
	assert_int_equal(victim_do(holder, SEM_wait), 0);
	assert_true(gate_is_bound(names->key));
}

static void broken_rules_are_reported_and_not_followed(void **state)
{
	struct semaphore_names *names = *state;
	struct child *victim =
		start_holder(names->name, RULES "\nsem /x timeout=soon");

	assert_false(gate_is_bound(names->key));
	assert_int_equal(victim_do(victim, SEM_post), 0);
	assert_true(victim_log_has("line 2, column 8: 'soon'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, semaphore_setup,                 \
					semaphore_teardown)
		TEST(any_thread_and_a_signal_handler_may_post),
		TEST(a_forked_child_neither_holds_nor_releases),
		TEST(a_forked_child_can_be_a_holder_of_its_own),
		TEST(a_post_of_a_forked_child_is_a_plain_one),
		TEST(a_signal_handler_ends_a_wait),
		TEST(a_wait_goes_on_after_a_handler_that_restarts),
		TEST(an_unlinked_semaphore_still_excludes_and_recovers),
		TEST(a_second_open_is_the_same_semaphore),
		TEST(what_is_closed_while_held_stays_held),
		TEST(a_timeout_in_the_rule_bounds_every_wait),
		TEST(names_with_one_key_exclude_each_other),
		TEST(without_descriptors_the_real_semaphore_does),
		TEST(broken_rules_are_reported_and_not_followed),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
