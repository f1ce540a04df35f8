/* SPDX-License-Identifier: MIT */
/* test_cli_preload_rules.c - portlock preload: where the rules come from, and
 * what is said of wrong ones.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/preload.h"

#define PRINT_RULES                                                            \
	"sh", "-c",                                                            \
		"echo \"$PORTLOCK_RULES\" | grep -v '^$';"                     \
		"echo \"file: ${PORTLOCK_RULES_FILE-none}\""

static struct command command;

static int teardown(void **state)
{
	unsetenv("PORTLOCK_RULES");
	unsetenv("PORTLOCK_RULES_FILE");
	return command_teardown(state);
}

/* ---- sources ------------------------------------------------------------- */

static void joins_the_rules_in_order(void **state)
{
	char other[PATH_MAX + 8];

	(void)state;
	preload_text("sem /e\n", 0600);
	snprintf(other, sizeof(other), "%s.other", preload_path);
	require(rename(preload_path, other) == 0);
	preload_text("# a comment\n\n  lockfile */b.lock", 0600);
	setenv("PORTLOCK_RULES", "sem /d", 1);
	setenv("PORTLOCK_RULES_FILE", other, 1);
	command_run(&command, "preload", "--rule", "sem /a", "--rules",
		    preload_path, "-r", "sem '/c c' timeout=0.5", "--",
		    PRINT_RULES);
	unlink(other);
	assert_string_equal(command.output,
			    "sem /a\n# a comment\n  lockfile */b.lock\n"
			    "sem '/c c' timeout=0.5\nsem /d\nsem /e\n"
			    "file: none\n");
}

static void rules_of_the_environment_suffice(void **state)
{
	(void)state;
	setenv("PORTLOCK_RULES", "sem /d", 1);
	assert_int_equal(command_run(&command, "preload", "--", "true"), 0);
	unsetenv("PORTLOCK_RULES");
	preload_text("sem /d\n", 0600);
	setenv("PORTLOCK_RULES_FILE", preload_path, 1);
	assert_int_equal(command_run(&command, "preload", "--", "true"), 0);
}

static void needs_a_rule(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", "--", "true"), 64);
	assert_mentions(command.errors, "there is no rule");
	assert_mentions(command.errors, "--rule '");
	assert_int_equal(command_run(&command, "preload", "--check"), 64);
	assert_mentions(command.errors, "there is no rule");
	assert_int_equal(command_run(&command, "preload", RULE, "--rule",
				     "# none", "--", "true"),
			 64);
	assert_mentions(command.errors,
			"--rule 2: there is no rule in '# none'");
}

static void refuses_more_rules_than_the_shim_takes(void **state)
{
	char text[129 * 8] = "";

	(void)state;
	for (int i = 0; i < 128; i++)
		strcat(text, "sem /a\n");
	preload_text(text, 0600);
	assert_int_equal(command_run(&command, "preload", "--rules",
				     preload_path, "--", "true"),
			 0);
	assert_int_equal(command_run(&command, "preload", "--rules",
				     preload_path, RULE, "--", "true"),
			 64);
	assert_mentions(command.errors, "at most 128");
	setenv("PORTLOCK_RULES_FILE", preload_path, 1);
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, "true"),
			 64);
	assert_mentions(command.errors, "at most 128");
	strcat(text, "sem /a\n");
	preload_text(text, 0600);
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, "true"),
			 64);
	assert_mentions(command.errors, "file: line 129, column 1: there is no "
					"room for more than 128 rules\n");
}

static void explains_an_unreadable_rules_file(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", "--rules",
				     "/nonexistent/rules", "--", "true"),
			 64);
	assert_mentions(command.errors, "'/nonexistent/rules': No such file");
	preload_bytes("sem /a\n\0sem /b\n", 15, 0600);
	assert_int_equal(command_run(&command, "preload", "--rules",
				     preload_path, "--", "true"),
			 64);
	assert_mentions(command.errors, "are no text");
	setenv("PORTLOCK_RULES_FILE", "/nonexistent/rules", 1);
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, "true"),
			 64);
	assert_mentions(command.errors, "'/nonexistent/rules': No such file");
	setenv("PORTLOCK_RULES_FILE", "file", 1);
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, "true"),
			 64);
	assert_mentions(command.errors, "PORTLOCK_RULES_FILE must be an absolu"
					"te path, not 'file'");
}

/* ---- errors -------------------------------------------------------------- */

static void every_source_says_where_a_rule_is_wrong(void **state)
{
	char expected[PATH_MAX + 256];

	(void)state;
	assert_int_equal(command_run(&command, "preload", RULE, "--rule",
				     "sem /x timeot=3", "--", "true"),
			 64);
	assert_mentions(command.errors,
			"portlock preload: --rule 2: line 1, column 8: unknown "
			"option 'timeot=3': use key=, timeout=, ");
	assert_mentions(command.errors, " (a good rule: sem /my-mutex)\n");

	preload_text("sem /a\n# fine\n   lock /b\n", 0600);
	snprintf(expected, sizeof(expected),
		 "portlock preload: %s: line 3, column 4: unknown family "
		 "'lock': use sem, lockfile, open, mutex, sysvsem, flock, "
		 "fcntl, passwd or liblockfile (a good rule: lockfile "
		 "*/.git/*.lock)\n",
		 preload_path);
	assert_int_equal(command_run(&command, "preload", RULE, "--rules",
				     preload_path, "--", "true"),
			 64);
	assert_string_equal(command.errors, expected);
	setenv("PORTLOCK_RULES_FILE", preload_path, 1);
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, "true"),
			 64);
	assert_string_equal(command.errors, expected);

	setenv("PORTLOCK_RULES", "\nflock\t", 1);
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, "true"),
			 64);
	assert_string_equal(
		command.errors,
		"portlock preload: PORTLOCK_RULES: line 2, column 7: a pattern "
		"is missing (a good rule: flock /run/lock/app.lock)\n");
}

int main(void)
{
#define with_rules(test)                                                       \
	cmocka_unit_test_setup_teardown(test, key_setup, teardown)
	const struct CMUnitTest tests[] = {
		with_rules(joins_the_rules_in_order),
		with_rules(rules_of_the_environment_suffice),
		with_rules(needs_a_rule),
		with_rules(refuses_more_rules_than_the_shim_takes),
		with_rules(explains_an_unreadable_rules_file),
		with_rules(every_source_says_where_a_rule_is_wrong),
	};

	return cmocka_run_group_tests(tests, preload_group_setup,
				      preload_group_teardown);
}
