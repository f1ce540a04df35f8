/* SPDX-License-Identifier: MIT */
/* test_shim_fcntl_waits.c - fcntl() and lockf() locks under the shim: who does
 * not wait, and how waits end.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "support/filelock.h"

/* Each reads and wants to write: the kernel sees that, if it is asked. */
static void deadlocks_are_found_as_ever(void **state)
{
	struct filelock_names *names = *state;
	struct child *first = filelock_start(names, names->rules);
	struct child *second = filelock_start(names, names->rules);

	assert_int_equal(victim_do(first, FILE_set_r), 0);
	assert_int_equal(victim_do(second, FILE_set_r), 0);
	filelock_block(first, FILE_wait_w);
	assert_int_equal(victim_do(second, FILE_wait_w), EDEADLK);
	assert_int_equal(victim_do(second, FILE_set_u), 0);
	assert_int_equal(hear(first), 0);
}

static void deadlocks_of_two_files_are_found_as_ever(void **state)
{
	struct filelock_names *names = *state;
	struct child *first, *second;
	char rules[1024];

	snprintf(rules, sizeof(rules), "fcntl %s/* key=%s-%%b", names->folder,
		 names->key);
	first = filelock_start(names, rules);
	second = filelock_start_b(names, rules);
	assert_int_equal(victim_do(first, FILE_set_w), 0);
	assert_int_equal(victim_do(second, FILE_set_w), 0);
	assert_int_equal(victim_do(first, FILE_b), 0);
	assert_int_equal(victim_do(second, FILE_a), 0);
	filelock_block(first, FILE_wait_w);
	assert_int_equal(victim_do(second, FILE_wait_w), EDEADLK);
	child_end(second);
	assert_int_equal(hear(first), 0);
}

/* Who holds may be waiting for the reader. */
static void a_reader_does_not_wait_for_the_portlock(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder, *reader;
	char rules[1024];

	snprintf(rules, sizeof(rules), "fcntl %s/* key=%s timeout=100000",
		 names->folder, names->key);
	holder = filelock_start(names, rules);
	reader = filelock_start(names, rules);
	assert_int_equal(victim_do(reader, FILE_set_r1), 0);
	assert_int_equal(victim_do(holder, FILE_set_w2), 0);
	assert_int_equal(victim_do(reader, FILE_set_w2), EAGAIN);
	assert_int_equal(victim_do(reader, FILE_wait_w1), 0);
	assert_true(victim_log_has("no wait for the portlock"));
	say(holder, FILE_set_w1);
	wait_asleep(holder->pid);
	assert_int_equal(victim_do(reader, FILE_set_u), 0);
	assert_int_equal(hear(holder), 0);
}

static void a_timeout_ends_every_wait(void **state)
{
	static const char *const starts[] = { "timed", "bare" };
	struct filelock_names *names = *state;
	struct child *other = filelock_start(names, names->timed);

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct child *holder =
			filelock_start(names, i == 0 ? names->timed : BARE);
		const struct filelock_way *way = &filelock_ways[i];
		int64_t start = now_ns();

		assert_int_equal(victim_do(holder, way->wait), 0);
		assert_int_equal(victim_do(other, way->try), EAGAIN);
		assert_true(now_ns() - start >= 100000000);
		assert_int_equal(victim_do(other, way->wait), ENOLCK);
		assert_true(now_ns() - start >= 200000000);
		child_end(holder);
	}
	assert_int_equal(victim_do(other, FILE_set_w), 0);
}

static void a_signal_ends_a_wait(void **state)
{
	struct filelock_names *names = *state;
	struct child *other = filelock_start(names, names->rules);

	assert_int_equal(victim_do(other, FILE_interrupt), 0);
	for (int i = 0; i < 2; i++) {
		struct child *holder =
			filelock_start(names, i == 0 ? names->rules : BARE);

		assert_int_equal(victim_do(holder, FILE_set_w), 0);
		say(other, FILE_wait_w);
		filelock_interrupt(other);
		assert_int_equal(hear(other), EINTR);
		child_end(holder);
	}
	assert_false(gate_is_bound(names->key));
}

static void a_cancelled_wait_leaves_nothing(void **state)
{
	struct filelock_names *names = *state;
	struct child *bare = filelock_start(names, BARE);
	struct child *other = filelock_start(names, names->rules);

	assert_int_equal(victim_do(bare, FILE_set_w), 0);
	say(other, FILE_wait_w_cancelled);
	wait_for_gate(names->key);
	sleep_ns(MOMENT);
	kill(other->pid, SIGUSR2);
	assert_int_equal(hear(other), 0);
	assert_false(gate_is_bound(names->key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, filelock_setup, filelock_teardown)
		TEST(deadlocks_are_found_as_ever),
		TEST(deadlocks_of_two_files_are_found_as_ever),
		TEST(a_reader_does_not_wait_for_the_portlock),
		TEST(a_timeout_ends_every_wait),
		TEST(a_signal_ends_a_wait),
		TEST(a_cancelled_wait_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
