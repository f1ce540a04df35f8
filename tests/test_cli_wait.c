/* SPDX-License-Identifier: MIT */
/* test_cli_wait.c - portlock wait: until a key is free, without taking it. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/command.h"

static struct command command;

static void what_is_free_is_not_waited_for(void **state)
{
	struct key *key = *state;

	assert_int_equal(command_run(&command, "wait", key->text), 0);
	assert_int_equal(command_run(&command, "wait", "-t", "0", key->text),
			 0);
	assert_string_equal(command.output, "");
	if (!is_slow()) /* valgrind tells of calls that it does not know */
		assert_string_equal(command.errors, "");
}

static void ends_when_the_holder_lets_go(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_start(key->text, "tcp");

	assert_int_equal(contender_acquire(holder, 0), 0);
	command_start(&command, "wait", key->text);
	wait_asleep(command.pid);
	assert_int_equal(gate_queue(key->text), 0); /* it has not joined */
	contender_release(holder);
	assert_int_equal(command_end(&command), 0);
	child_end(holder);
}

static void goes_on_while_the_lock_goes_from_hand_to_hand(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_start(key->text, "unix");
	struct child *next = contender_start(key->text, "unix");

	assert_int_equal(contender_acquire(holder, 0), 0);
	contender_queue(next, key->text, -1);
	command_start(&command, "wait", "-t", "0.3", key->text);
	wait_asleep(command.pid);
	contender_release(holder);
	assert_int_equal(contender_result(next), 0);
	assert_int_equal(command_end(&command), 1);
	child_end(holder);
	child_end(next);
}

static void names_the_holder_after_the_timeout(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_start(key->text, "tcp");
	char message[128];
	int64_t start;

	assert_int_equal(contender_acquire(holder, 0), 0);
	start = now_ns();
	assert_int_equal(command_run(&command, "wait", key->text, "-t", "0.2"),
			 1);
	assert_true(now_ns() - start >= INT64_C(200000000));
	snprintf(message, sizeof(message),
		 "%s: not free within 0.2 s: pid %d (", key->text,
		 (int)holder->pid);
	assert_mentions(command.errors, message);
	child_end(holder);
}

static void a_signal_ends_it(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_start(key->text, "tcp");

	assert_int_equal(contender_acquire(holder, 0), 0);
	signal(SIGINT, SIG_DFL); /* nohup and & ignore some */
	command_start(&command, "wait", key->text);
	wait_asleep(command.pid);
	kill(command.pid, SIGINT);
	assert_int_equal(command_end(&command), -SIGINT);
	child_end(holder);
}

static void misuse_is_explained(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "wait"), 64);
	assert_mentions(command.errors, "KEY is missing");
	assert_int_equal(command_run(&command, "wait", "-t", "soon", "a"), 64);
	assert_mentions(command.errors, "'soon' is no time");
	assert_int_equal(command_run(&command, "wait", "a", "-t"), 64);
	assert_mentions(command.errors, "option '-t' needs a value");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(what_is_free_is_not_waited_for),
		with_command(ends_when_the_holder_lets_go),
		with_command(goes_on_while_the_lock_goes_from_hand_to_hand),
		with_command(names_the_holder_after_the_timeout),
		with_command(a_signal_ends_it),
		with_command(misuse_is_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
