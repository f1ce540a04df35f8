/* SPDX-License-Identifier: MIT */
/* test_cli_preload_check.c - portlock preload --check: what it tells of rules,
 * and of which ones it warns.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/shim.h"
#include "tests/support/preload.h"

static struct command command;

static int teardown(void **state)
{
	unsetenv("PORTLOCK_RULES");
	return command_teardown(state);
}

static void check_stops_at_an_error_as_well(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", "--check", RULE,
				     "--rule", "mutex lock"),
			 64);
	assert_string_equal(command.output, "");
	assert_mentions(command.errors, "--rule 2: line 1, column 7: ");
	assert_mentions(command.errors, "good rule: mutex */bin/server:queue_");
}

static void check_tells_what_the_rules_do(void **state)
{
	char expected[PATH_MAX + 1024];

	(void)state;
	preload_text("# first\n\n  passwd * timeout=0.5 log=none # why\r\n",
		     0600);
	setenv("PORTLOCK_RULES",
	       "flock /a key=k transport=tcp shared=exclusive hold=exit", 1);
	assert_int_equal(command_run(&command, "preload", "--check", RULE,
				     "--rules", preload_path),
			 0);
	snprintf(expected, sizeof(expected),
		 "--rule 1:1: sem /x\n"
		 "  taken by  sem_open sem_wait sem_trywait sem_timedwait "
		 "sem_clockwait\n"
		 "  ended by  sem_post sem_getvalue sem_close\n"
		 "  key       sem:%%n\n"
		 "  transport unix\n"
		 "  timeout   none\n"
		 "  held      until the semaphore is posted\n"
		 "  log       where PORTLOCK_LOG says\n"
		 "%s:3: passwd * timeout=0.5 log=none # why\n"
		 "  taken by  %s\n"
		 "  ended by  %s\n"
		 "  key       passwd:%%n\n"
		 "  transport unix\n"
		 "  timeout   0.5 s, then %s\n"
		 "  held      until %s\n"
		 "  log       none\n"
		 "PORTLOCK_RULES:1: flock /a key=k transport=tcp "
		 "shared=exclusive hold=exit\n",
		 preload_path, shim_families[SHIM_PASSWD].takers,
		 shim_families[SHIM_PASSWD].enders,
		 shim_families[SHIM_PASSWD].expired,
		 shim_families[SHIM_PASSWD].until);
	assert_memory_equal(command.output, expected, strlen(expected));
	assert_mentions(command.output,
			"  key       k\n"
			"  transport tcp\n"
			"  timeout   none\n"
			"  held      until the process ends\n"
			"  shared    exclusive, as the others\n"
			"  log       where PORTLOCK_LOG says\n");
	assert_string_equal(command.errors, "");
}

static void check_tells_of_every_family(void **state)
{
	char title[128];

	(void)state;
	for (int i = 0; i < SHIM_FAMILIES; i++) {
		const struct shim_family_facts *facts = &shim_families[i];

		assert_int_equal(command_run(&command, "preload", "-c", "-r",
					     facts->example),
				 0);
		snprintf(title, sizeof(title), "--rule 1:1: %s\n",
			 facts->example);
		assert_mentions(command.output, title);
		assert_mentions(command.output, facts->takers);
		assert_mentions(command.output, facts->enders);
		assert_mentions(command.output, facts->until);
		assert_int_equal(facts->has_shared,
				 strstr(command.output, "  shared ") != NULL);
		if (facts->timeout_ms >= 0)
			assert_mentions(command.output, facts->expired);
	}
}

static void check_tells_of_a_missing_guard(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", "-c", "-r",
				     "lockfile * guard=no"),
			 0);
	assert_mentions(command.output, "\n  guard     no\n");
	assert_int_equal(
		command_run(&command, "preload", "-c", "-r", "lockfile *"), 0);
	assert_null(strstr(command.output, "  guard "));
}

static void check_tells_how_a_lock_of_a_cluster_ends(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", "-c", "-r",
				     "lockfile /x transport=etcd", "-r",
				     "flock /x transport=etcd on-lost=warn"),
			 0);
	assert_mentions(command.output,
			"  key       lockfile:%n\n"
			"  transport etcd\n"
			"  on-lost   kill\n"
			"  timeout   30 s, then EEXIST\n"
			"  held      until its maker has removed the file, or "
			"ends\n");
	assert_mentions(command.output,
			"  on-lost   warn\n"
			"  timeout   none\n"
			"  held      until the file is unlocked or closed, "
			"after its taker's end by all who share it\n"
			"  shared    exclusive, as the others\n");
	assert_int_equal(command_run(&command, "preload", "-c", "-r",
				     "flock /x on-lost=warn"),
			 64);
	assert_mentions(command.errors, "no on-lost= without transport=etcd");
}

static void check_warns_of_rules_that_never_match(void **state)
{
	(void)state;
	preload_text("lockfile */a/*.lock\nsem /a*\nlockfile *.lock\n"
		     "lockfile */b.lock\nlockfile */c\nsem /*\n",
		     0600);
	setenv("PORTLOCK_RULES", "sem /z", 1);
	assert_int_equal(command_run(&command, "preload", "--check", "--rule",
				     "sem /ab", "--rule", "open *", "--rules",
				     preload_path),
			 1);
	/* Something is left for the others. */
	assert_mentions(command.errors,
			"/file:4: this rule never matches, as ");
	assert_mentions(command.errors, "/file:3 comes first\n");
	assert_mentions(command.errors, "PORTLOCK_RULES:1: this rule never ");
	assert_mentions(command.errors, "/file:6 comes first\n");
	assert_null(strstr(command.errors, "/file:1"));
	assert_null(strstr(command.errors, "/file:2"));
	assert_null(strstr(command.errors, "/file:5"));
	assert_mentions(command.output, "/file:4: lockfile */b.lock\n");
	/* They do no harm. */
	assert_int_equal(command_run(&command, "preload", "--rules",
				     preload_path, "--", "true"),
			 0);
}

static void check_looks_at_the_command_and_does_not_start_it(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", "--check",
				     SHIM_OPTIONS, "sh", "-c", "echo run"),
			 0);
	assert_null(strstr(command.output, "run\n"));
	assert_int_equal(
		command_run(&command, "preload", "--check", SHIM_OPTIONS), 0);
	assert_int_equal(command_run(&command, "preload", "--check", RULE,
				     "--rule", "sem /x", "--",
				     "portlock-no-such-program"),
			 127);
	assert_mentions(command.errors, "--rule 2:1: this rule never matches");
	assert_mentions(command.errors, "no such program in PATH");
	setenv("PORTLOCK_SHIM", "/nonexistent/shim.so", 1);
	assert_int_equal(
		command_run(&command, "preload", "--check", SHIM_OPTIONS), 0);
	assert_int_equal(command_run(&command, "preload", "--check",
				     SHIM_OPTIONS, "true"),
			 71);
	setenv("PORTLOCK_SHIM", preload_shim, 1);
}

static void check_says_if_nobody_can_read_it(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", RULE, "--", "sh",
				     "-c",
				     "\"$PORTLOCK_COMMAND\" preload --check "
				     "-r 'sem /a' >/dev/full"),
			 71);
	assert_mentions(command.errors, "cannot write the output");
}

int main(void)
{
#define with_rules(test)                                                       \
	cmocka_unit_test_setup_teardown(test, key_setup, teardown)
	const struct CMUnitTest tests[] = {
		with_rules(check_stops_at_an_error_as_well),
		with_rules(check_tells_what_the_rules_do),
		with_rules(check_tells_of_every_family),
		with_rules(check_tells_of_a_missing_guard),
		with_rules(check_tells_how_a_lock_of_a_cluster_ends),
		with_rules(check_warns_of_rules_that_never_match),
		with_rules(check_looks_at_the_command_and_does_not_start_it),
		with_rules(check_says_if_nobody_can_read_it),
	};

	return cmocka_run_group_tests(tests, preload_group_setup,
				      preload_group_teardown);
}
