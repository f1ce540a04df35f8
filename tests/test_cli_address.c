/* SPDX-License-Identifier: MIT */
/* test_cli_address.c - portlock address, and what all verbs have: help,
 * version, misuse.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"

static struct command command;

static void prints_gate_and_ports(void **state)
{
	struct key *key = *state;
	char expected[256];

	snprintf(expected, sizeof(expected),
		 "@/portlock/%s 127.0.0.1:%d,%d,%d\n", key->text, key->ports[0],
		 key->ports[1], key->ports[2]);
	assert_int_equal(command_run(&command, "address", key->text), 0);
	assert_string_equal(command.output, expected);
	assert_string_equal(command.errors, "");
}

/* By SHA-1("abc"), which ends in d89d, and SHA-1("a"). */
static void prints_a_line_for_each_key(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "address", "abc", "a"), 0);
	assert_string_equal(command.output,
			    "@/portlock/abc 127.0.0.1:59517,59518,59519\n"
			    "@/portlock/a 127.0.0.1:56152,56153,56154\n");
}

static void escapes_what_is_not_printable(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "address", "a b\\\n\xc3\xa4"),
			 0);
	command.output[strcspn(command.output, " ")] = '\0';
	assert_string_equal(command.output,
			    "@/portlock/a\\x20b\\x5c\\x0a\\xc3\\xa4");
}

static void shortens_long_keys(void **state)
{
	char key[301], name[128];

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	assert_int_equal(command_run(&command, "address", key), 0);
	assert_int_equal(sscanf(command.output, "@%127s", name), 1);
	assert_int_equal(strlen(name), 107);
	assert_int_equal(name[107 - 41], '~');
}

static void takes_a_key_with_a_dash_after_two_dashes(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "address", "--", "-k"), 0);
	assert_mentions(command.output, "@/portlock/-k ");
}

static void does_not_care_about_the_transport(void **state)
{
	(void)state;
	setenv("PORTLOCK_TRANSPORT", "pigeon", 1);
	assert_int_equal(command_run(&command, "address", "a"), 0);
	unsetenv("PORTLOCK_TRANSPORT");
}

static void reports_output_that_cannot_be_written(void **state)
{
	static const char *const script[] = {
		"sh", "-c", "\"$PORTLOCK_COMMAND\" address a >/dev/full", NULL
	};

	(void)state;
	program_start(&command, "sh", script);
	assert_int_equal(command_end(&command), 71);
	assert_mentions(command.errors, "No space left");
}

static void needs_a_key(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "address"), 64);
	assert_mentions(command.errors, "KEY is missing");
	assert_int_equal(command_run(&command, "address", ""), 64);
	assert_mentions(command.errors, "KEY is empty");
	assert_string_equal(command.output, "");
}

static void help_names_all_verbs(void **state)
{
	static const char *const ways[] = { "help", "--help", "-h" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(command_run(&command, ways[i]), 0);
		assert_mentions(command.output, "run ");
		assert_mentions(command.output, "list ");
		assert_mentions(command.output, "who ");
		assert_mentions(command.output, "wait ");
		assert_mentions(command.output, "address ");
		assert_mentions(command.output, "preload ");
		assert_string_equal(command.errors, "");
	}
}

static void each_verb_has_help(void **state)
{
	static const char *const verbs[] = { "run",  "list",	"who",
					     "wait", "address", "preload" };
	char first[COMMAND_TEXT], usage[64];

	(void)state;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		snprintf(usage, sizeof(usage), "Usage: portlock %s ", verbs[i]);
		assert_int_equal(command_run(&command, verbs[i], "--help"), 0);
		assert_mentions(command.output, usage);
		strcpy(first, command.output);
		assert_int_equal(command_run(&command, "help", verbs[i]), 0);
		assert_string_equal(command.output, first);
	}
}

static void tells_its_version(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "--version"), 0);
	assert_string_equal(command.output, "portlock " PORTLOCK_VERSION "\n");
}

static void misuse_is_named_in_one_line(void **state)
{
	static const struct {
		const char *argument, *message;
	} cases[] = {
		{ "walk", "unknown command 'walk': use run, list" },
		{ "--walk", "unknown option '--walk': use --help" },
		{ "", "unknown command ''" },
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(command_run(&command, cases[i].argument), 64);
		assert_mentions(command.errors, cases[i].message);
		assert_ptr_equal(strchr(command.errors, '\n') + 1,
				 strchr(command.errors, '\0'));
		assert_string_equal(command.output, "");
	}
	assert_int_equal(command_run(&command, "help", "walk"), 64);
	assert_int_equal(command_run(&command, "address", "--walk"), 64);
	assert_mentions(command.errors, "unknown option '--walk'");
	assert_int_equal(command_run(&command, "help", "run", "walk"), 64);
	assert_mentions(command.errors, "'walk' is one word too many");
}

static void needs_a_verb(void **state)
{
	static const char *const alone[] = { "portlock", NULL };

	(void)state;
	program_start(&command, command_path(), alone);
	assert_int_equal(command_end(&command), 64);
	assert_mentions(command.errors, "a command is missing: use run");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(prints_gate_and_ports),
		with_command(prints_a_line_for_each_key),
		with_command(escapes_what_is_not_printable),
		with_command(shortens_long_keys),
		with_command(takes_a_key_with_a_dash_after_two_dashes),
		with_command(does_not_care_about_the_transport),
		with_command(reports_output_that_cannot_be_written),
		with_command(needs_a_key),
		with_command(help_names_all_verbs),
		with_command(each_verb_has_help),
		with_command(tells_its_version),
		with_command(misuse_is_named_in_one_line),
		with_command(needs_a_verb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
