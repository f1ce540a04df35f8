/* SPDX-License-Identifier: MIT */
/* test_shim_open_waits.c - family "open": how waits end, and who has none. */
#include "config.h"

#include <errno.h>
#include <signal.h>

#include "support/opened.h"

#define RULE_SHORT RULE_OPEN " timeout=0.05"
#define RULE_BYPASS RULE_OPEN " shared=bypass"

static void a_timeout_is_eagain(void **state)
{
	static const int ways[] = { OPEN_read, OPEN_truncate, OPEN_stream,
				    OPEN_stream_write, OPEN_restream };
	struct lockfile *file = *state;
	struct child *victim;
	int fds;

	opened_holder(file);
	victim = opened_start(file, RULE_SHORT);
	fds = open_fds(victim->pid);
	for (int i = 0; i < 5; i++)
		assert_int_equal(victim_do(victim, ways[i]), EAGAIN);
	assert_int_equal(open_fds(victim->pid), fds);
	assert_int_equal(opened_value(file), 1);
}

static bool has_answered(void *victim)
{
	kill(((struct child *)victim)->pid, SIGUSR1);
	return has_said(victim);
}

static void a_signal_is_eintr(void **state)
{
	struct lockfile *file = *state;
	struct child *victim = opened_start(file, RULE_OPEN);

	opened_holder(file);
	assert_int_equal(victim_do(victim, OPEN_handle_signals), 0);
	opened_wait(file, victim, OPEN_update);
	wait_until(has_answered, victim);
	assert_int_equal(hear(victim), EINTR);
}

static void readers_may_bypass(void **state)
{
	struct lockfile *file = *state;
	struct child *reader = opened_start(file, RULE_BYPASS);

	opened_holder(file);
	assert_int_equal(victim_do(reader, OPEN_read), 0);
	opened_wait(file, reader, OPEN_update);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, opened_setup, lockfile_teardown)
		TEST(a_timeout_is_eagain),
		TEST(a_signal_is_eintr),
		TEST(readers_may_bypass),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
