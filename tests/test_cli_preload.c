/* SPDX-License-Identifier: MIT */
/* test_cli_preload.c - portlock preload: finds the command and starts it with
 * its environment.  What the shim does is not tested here.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/preload.h"

static struct command command;

static void runs_the_command_with_its_status(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, "sh",
				     "-c", "exit 7"),
			 7);
	assert_int_equal(
		command_run(&command, "preload", RULE, "sh", "-c", "exit 8"),
		8);
}

static void puts_the_shim_before_other_preloads(void **state)
{
	const char *first, *second;

	(void)state;
	setenv("LD_PRELOAD", "/nonexistent/portlock.so", 1);
	command_run(&command, "preload", SHIM_OPTIONS, "sh", "-c",
		    "echo $LD_PRELOAD");
	unsetenv("LD_PRELOAD");
	first = strstr(command.output, preload_shim);
	second = strstr(command.output, "/nonexistent/portlock.so");
	assert_non_null(first);
	assert_non_null(second);
	assert_true(first < second);
	assert_int_equal(second[-1], ':');
}

static void puts_the_shim_in_once(void **state)
{
	char before[3 * PATH_MAX];

	(void)state;
	/* Here in the middle; a longer name before it is not its own. */
	snprintf(before, sizeof(before), "%s.old %s:/nonexistent.so",
		 preload_shim, preload_shim);
	setenv("LD_PRELOAD", before, 1);
	command_run(&command, "preload", SHIM_OPTIONS, "sh", "-c",
		    "echo $LD_PRELOAD");
	unsetenv("LD_PRELOAD");
	strcat(before, "\n");
	assert_string_equal(command.output, before);
}

static void misuse_is_explained(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", RULE), 64);
	assert_mentions(command.errors, "COMMAND is missing");
	assert_int_equal(command_run(&command, "preload", RULE, "--"), 64);
	assert_mentions(command.errors, "COMMAND is missing");
	assert_int_equal(command_run(&command, "preload", "--ruel", "x"), 64);
	assert_mentions(command.errors, "'--ruel': use --rule RULE");
	assert_int_equal(command_run(&command, "preload", "--rule"), 64);
	assert_mentions(command.errors, "'--rule' needs a value");
}

static void follows_scripts_to_their_interpreter(void **state)
{
	char text[PATH_MAX + 4];

	(void)state;
	preload_text("#! /bin/sh -e\nexit 9\n", 0755);
	assert_int_equal(
		command_run(&command, "preload", SHIM_OPTIONS, preload_path),
		9);
	/* One that names itself is never ready (and crashes valgrind). */
	snprintf(text, sizeof(text), "#!%s\n", preload_path);
	preload_text(text, 0755);
	if (!is_slow())
		assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS,
					     preload_path),
				 126);
	preload_text("#!/nonexistent/sh\n", 0755);
	assert_int_equal(
		command_run(&command, "preload", SHIM_OPTIONS, preload_path),
		126);
	assert_mentions(command.errors, "/nonexistent/sh");
}

static void finds_the_command_as_a_shell_would(void **state)
{
	(void)state;
	preload_text("exit 9\n", 0755); /* no interpreter: sh */
	setenv("PATH_BEFORE", getenv("PATH"), 1);
	setenv("PATH", preload_folder, 1);
	command_start(&command, "preload", SHIM_OPTIONS, "file");
	setenv("PATH", getenv("PATH_BEFORE"), 1);
	assert_int_equal(command_end(&command), 9);

	preload_text("exit 9\n", 0644);
	assert_int_equal(
		command_run(&command, "preload", SHIM_OPTIONS, preload_path),
		126);
	assert_mentions(command.errors, "Permission denied");
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS,
				     "portlock-no-such-program"),
			 127);
	assert_mentions(command.errors, "no such program in PATH");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(runs_the_command_with_its_status),
		with_command(puts_the_shim_before_other_preloads),
		with_command(puts_the_shim_in_once),
		with_command(misuse_is_explained),
		with_command(follows_scripts_to_their_interpreter),
		with_command(finds_the_command_as_a_shell_would),
	};

	return cmocka_run_group_tests(tests, preload_group_setup,
				      preload_group_teardown);
}
