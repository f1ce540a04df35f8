/* SPDX-License-Identifier: MIT */
/* test_cli_run.c - portlock run: who gets the lock, for how long, and how it
 * ends.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/command.h"

/* Tells its process id, and ends with status 5 after a line of input or when
 * its input ends. */
#define HOLDER "echo $$; read line; exit 5"

static struct command command, other, probe;

/* Starts a command that has the lock when this returns; its process id. */
static pid_t hold(struct command *holder, const char *key)
{
	command_start(holder, "run", key, "--", "sh", "-c", HOLDER);
	return command_number(holder);
}

static void assert_busy(const char *key)
{
	assert_int_equal(command_run(&probe, "run", "-n", key, "true"), 1);
	assert_mentions(probe.errors, ") has held it for ");
	assert_mentions(probe.errors, key);
}

static void assert_free(const char *key)
{
	assert_int_equal(command_run(&probe, "run", "-n", key, "true"), 0);
}

static void exits_as_the_command_did(void **state)
{
	assert_int_equal(command_run(&command, "run", key_text(state), "--",
				     "sh", "-c", "exit 0"),
			 0);
	assert_int_equal(command_run(&command, "run", key_text(state), "--",
				     "sh", "-c", "exit 7"),
			 7);
	assert_int_equal(command_run(&command, "run", key_text(state), "--",
				     "sh", "-c", "exit 255"),
			 255);
	if (!is_slow()) /* valgrind tells of calls that it does not know */
		assert_string_equal(command.errors, "");
}

static void tells_which_signal_killed_the_command(void **state)
{
	assert_int_equal(command_run(&command, "run", key_text(state), "--",
				     "sh", "-c", "kill -KILL $$"),
			 128 + SIGKILL);
	assert_int_equal(command_run(&command, "run", key_text(state), "--",
				     "sh", "-c", "kill -TERM $$"),
			 128 + SIGTERM);
}

static void two_dashes_are_optional(void **state)
{
	assert_int_equal(command_run(&command, "run", key_text(state), "sh",
				     "-c", "exit 7"),
			 7);
}

static void passes_input_and_output_through(void **state)
{
	command_start(&command, "run", key_text(state), "--", "cat");
	command_tell(&command, "one\n");
	command_expect(&command, "one");
	command_tell(&command, "two\n");
	assert_int_equal(command_end(&command), 0);
	assert_string_equal(command.output, "two\n");
}

static void gives_the_command_a_token_that_grows(void **state)
{
	uint64_t tokens[2];

	for (int i = 0; i < 2; i++) {
		assert_int_equal(command_run(&command, "run", key_text(state),
					     "--", "sh", "-c",
					     "echo $PORTLOCK_TOKEN"),
				 0);
		tokens[i] = strtoull(command.output, NULL, 10);
		assert_true(tokens[i] > 0);
	}
	assert_true(tokens[1] > tokens[0]);
}

static void nonblock_is_busy_while_another_holds(void **state)
{
	hold(&other, key_text(state));
	assert_busy(key_text(state));
	assert_int_equal(command_end(&other), 5);
	assert_free(key_text(state));
}

static void transports_exclude_each_other(void **state)
{
	hold(&other, key_text(state));
	assert_int_equal(command_run(&command, "run", "-n", "--transport",
				     "unix", key_text(state), "true"),
			 1);
	assert_int_equal(command_end(&other), 5);
}

static void conflict_status_can_be_chosen(void **state)
{
	hold(&other, key_text(state));
	assert_int_equal(command_run(&command, "run", "-n", "-E", "42",
				     key_text(state), "true"),
			 42);
	assert_int_equal(command_run(&command, "run", "--nonblock",
				     "--conflict-exit-code=0", key_text(state),
				     "false"),
			 0);
	assert_int_equal(command_end(&other), 5);
}

static void timeout_takes_fractions_and_lasts(void **state)
{
	int64_t start;

	hold(&other, key_text(state));
	start = now_ns();
	assert_int_equal(command_run(&command, "run", "-t", "0.25",
				     key_text(state), "true"),
			 1);
	assert_true(now_ns() - start >= INT64_C(250000000));
	assert_mentions(command.errors, "not available within 0.25 s: pid ");
	assert_mentions(command.errors, ") has held it for ");
	assert_int_equal(command_run(&command, "run", "--timeout", "0", "-E",
				     "9", key_text(state), "true"),
			 9);
	assert_int_equal(command_end(&other), 5);
}

static void waits_without_end_and_in_order(void **state)
{
	static struct command waiters[3];
	char line[COMMAND_TEXT];

	hold(&other, key_text(state));
	for (int i = 0; i < 3; i++) {
		command_start(&waiters[i], "run", key_text(state), "--", "sh",
			      "-c", "echo $PORTLOCK_TOKEN");
		wait_for_queue(key_text(state), i + 1);
	}
	assert_int_equal(command_end(&other), 5);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(command_end(&waiters[i]), 0);
		if (i > 0)
			assert_true(strtoull(waiters[i].output, NULL, 10) >
				    strtoull(line, NULL, 10));
		strcpy(line, waiters[i].output);
	}
}

static void a_signal_ends_the_wait(void **state)
{
	hold(&other, key_text(state));
	signal(SIGINT, SIG_DFL); /* nohup and & ignore some */
	command_start(&command, "run", key_text(state), "true");
	wait_for_queue(key_text(state), 1);
	kill(command.pid, SIGINT);
	assert_int_equal(command_end(&command), -SIGINT);
	assert_int_equal(command_end(&other), 5);
}

static void a_daemon_does_not_keep_the_lock(void **state)
{
	command_start(&command, "run", key_text(state), "--", "sh", "-c",
		      "exec 3<&0; sh -c 'echo daemon; read line; echo over' "
		      "<&3 & exit 5");
	assert_int_equal(command_wait(&command), 5);
	command_expect(&command, "daemon");
	assert_free(key_text(state));
	command_end(&command);
	assert_string_equal(command.output, "over\n");
}

static void says_that_a_command_cannot_be_run(void **state)
{
	/* A folder of the user's PATH that may not be read gives 126. */
	require(setenv("PATH", "/usr/bin:/bin", 1) == 0);
	assert_int_equal(command_run(&command, "run", key_text(state), "--",
				     "portlock-no-such-program"),
			 127);
	assert_mentions(command.errors, "'portlock-no-such-program'");
	assert_int_equal(command_run(&command, "run", key_text(state), "--",
				     "/nonexistent/program"),
			 127);
	assert_mentions(command.errors, strerror(ENOENT));
	assert_int_equal(command_run(&command, "run", key_text(state), "--",
				     "/dev/null"),
			 126);
	assert_mentions(command.errors, strerror(EACCES));
	assert_free(key_text(state));
}

static void closed_standard_descriptors_stay_closed(void **state)
{
	static char script[512];
	const char *const arguments[] = {
		"sh", "-c", script, "sh", key_text(state), NULL
	};

	if (is_slow())
		skip(); /* valgrind has its own ideas of descriptor 2 */
	strcpy(script, "exec \"$PORTLOCK_COMMAND\" run \"$1\" -- sh -c '"
		       "test ! -e /proc/$$/fd/0 && test ! -e /proc/$$/fd/2 && "
		       "test $(readlink /proc/$PPID/fd/0) = /dev/null && "
		       "test $(readlink /proc/$PPID/fd/2) = /dev/null' "
		       "<&- 2>&-");
	program_start(&command, "sh", arguments);
	assert_int_equal(command_end(&command), 0);
}

static void misuse_is_explained(void **state)
{
	static const struct {
		const char *arguments[6];
		const char *message;
	} cases[] = {
		{ { 0 }, "KEY or COMMAND is missing" },
		{ { "k" }, "COMMAND is missing" },
		{ { "k", "--" }, "COMMAND is missing" },
		{ { "-n", "--", "true" }, "KEY or COMMAND is missing" },
		{ { "", "true" }, "KEY is empty" },
		{ { "k", "-n", "true" }, "'-n' comes too late" },
		{ { "-x", "k", "true" }, "unknown option '-x': use -t" },
		{ { "--xy", "k", "true" }, "unknown option '--xy': use -t" },
		{ { "-t" }, "option '-t' needs a value" },
		{ { "--nonblock=1", "k" }, "takes no value" },
		{ { "-t", "soon", "k", "true" }, "'soon' is no time" },
		{ { "-t", "-1", "k", "true" }, "'-1' is no time" },
		{ { "-t", ".", "k", "true" }, "'.' is no time" },
		{ { "-t", "1e3", "k", "true" }, "'1e3' is no time" },
		{ { "-t", "10000000000", "k", "true" }, "is no time" },
		{ { "-n", "-t", "1", "k", "true" }, "use one of them" },
		{ { "-E", "256", "k", "true" }, "use 0 to 255" },
		{ { "-E", "", "k", "true" }, "use 0 to 255" },
		{ { "--transport", "pigeon", "k", "true" },
		  "tcp, unix or etcd" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const *rest = cases[i].arguments;

		assert_int_equal(command_run(&command, "run", rest[0], rest[1],
					     rest[2], rest[3], rest[4]),
				 64);
		assert_mentions(command.errors, cases[i].message);
		assert_ptr_equal(strchr(command.errors, '\n') + 1,
				 strchr(command.errors, '\0'));
	}
	setenv("PORTLOCK_TRANSPORT", "pigeon", 1);
	assert_int_equal(command_run(&command, "run", "k", "true"), 64);
	unsetenv("PORTLOCK_TRANSPORT");
	assert_mentions(command.errors, "PORTLOCK_TRANSPORT");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(exits_as_the_command_did),
		with_command(tells_which_signal_killed_the_command),
		with_command(two_dashes_are_optional),
		with_command(passes_input_and_output_through),
		with_command(gives_the_command_a_token_that_grows),
		with_command(nonblock_is_busy_while_another_holds),
		with_command(transports_exclude_each_other),
		with_command(conflict_status_can_be_chosen),
		with_command(timeout_takes_fractions_and_lasts),
		with_command(waits_without_end_and_in_order),
		with_command(a_signal_ends_the_wait),
		with_command(a_daemon_does_not_keep_the_lock),
		with_command(says_that_a_command_cannot_be_run),
		with_command(closed_standard_descriptors_stay_closed),
		with_command(misuse_is_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
