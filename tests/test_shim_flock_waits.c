/* SPDX-License-Identifier: MIT */
/* test_shim_flock_waits.c - flock() under the shim: whose turn it is, and how
 * waits end.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>

#include "support/filelock.h"

static void who_waits_gets_it_in_order(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_holder(names, names->rules);
	struct child *waiters[4];

	for (int i = 0; i < 4; i++) {
		waiters[i] = i % 2 ? filelock_start_b(names, names->rules)
				   : filelock_start(names, names->rules);
		filelock_queue(names, waiters[i], FILE_ex, i + 1);
	}
	assert_int_equal(victim_do(holder, FILE_un), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(hear(waiters[i]), 0);
		for (int j = i + 1; j < 4; j++)
			assert_false(has_said(waiters[j]));
		assert_int_equal(victim_do(waiters[i], FILE_un), 0);
	}
}

static void a_timeout_ends_every_wait(void **state)
{
	struct filelock_names *names = *state;
	struct child *holders[2] = { filelock_holder(names, names->timed),
				     NULL };
	struct child *other = filelock_start(names, names->timed);

	for (int i = 0; i < 2; i++) {
		int64_t start = now_ns();

		/* At last a program without the shim has it. */
		assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
		assert_true(now_ns() - start >= 100000000);
		assert_int_equal(victim_do(other, FILE_ex), ENOLCK);
		assert_true(now_ns() - start >= 200000000);
		child_end(holders[i]);
		if (i == 0)
			holders[1] = filelock_holder(names, BARE);
	}
	assert_int_equal(victim_do(other, FILE_ex_nb), 0);
}

static void a_try_with_a_timeout_waits_for_a_bare_program(void **state)
{
	struct filelock_names *names = *state;
	struct child *bare = filelock_holder(names, BARE);
	struct child *other = filelock_start(names, names->timed);
	int result;

	do {
		say(other, FILE_ex_nb);
		wait_asleep(other->pid);
		assert_int_equal(victim_do(bare, FILE_un), 0);
		result = (int)hear(other);
		/* The machine may have been busy for all the time. */
		if (result == EWOULDBLOCK)
			assert_int_equal(victim_do(bare, FILE_ex), 0);
	} while (result == EWOULDBLOCK);
	assert_int_equal(result, 0);
}

static void a_signal_ends_a_wait(void **state)
{
	struct filelock_names *names = *state;
	struct child *holders[2] = { filelock_holder(names, names->rules),
				     NULL };
	struct child *other = filelock_start(names, names->rules);

	assert_int_equal(victim_do(other, FILE_interrupt), 0);
	for (int i = 0; i < 2; i++) {
		say(other, FILE_ex);
		filelock_interrupt(other);
		assert_int_equal(hear(other), EINTR);
		child_end(holders[i]);
		if (i == 0)
			holders[1] = filelock_holder(names, BARE);
	}
	assert_false(gate_is_bound(names->key));
}

static void a_signal_whose_handler_restarts_does_not(void **state)
{
	struct filelock_names *names = *state;
	struct child *holder = filelock_holder(names, names->rules);
	struct child *other = filelock_start(names, names->rules);

	assert_int_equal(victim_do(other, FILE_restart), 0);
	filelock_queue(names, other, FILE_ex, 1);
	kill(other->pid, SIGUSR1);
	sleep_ns(MOMENT);
	assert_false(has_said(other));
	assert_int_equal(victim_do(holder, FILE_un), 0);
	assert_int_equal(hear(other), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, filelock_setup, filelock_teardown)
		TEST(who_waits_gets_it_in_order),
		TEST(a_timeout_ends_every_wait),
		TEST(a_try_with_a_timeout_waits_for_a_bare_program),
		TEST(a_signal_ends_a_wait),
		TEST(a_signal_whose_handler_restarts_does_not),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
