/* SPDX-License-Identifier: MIT */
/* test_shim_conform.c - a program sees of its semaphores under the shim what it
 * sees without: victim_conform prints the same lines.
 */
#include "config.h"

#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/support.h"
#include "support/victim.h"

#define TEXT 65536
#define BARE NULL

/* What a rule that matches is for: a dead holder's mutex is free. */
static const char *const meant[] = {
	"value of a dead holder's mutex: ",
	"try of a dead holder's mutex: ",
};

static const char *name_of_this_run(void)
{
	static char name[64];

	snprintf(name, sizeof(name), "/portlock-test-conform-%d",
		 (int)getpid());
	return name;
}

/* All that it prints; it must end well. */
static void record(const char *rules, char text[TEXT])
{
	struct child *victim =
		victim_start("victim_conform", name_of_this_run(), rules);
	size_t length = 0;
	ssize_t size;

	do {
		size = read(victim->in, text + length, TEXT - 1 - length);
		require(size >= 0);
		length += (size_t)size;
	} while (size > 0);
	text[length] = '\0';
	require(length > 0 && length < TEXT - 1);
	require(child_end(victim) == 0);
}

static bool is_meant(const char *line)
{
	for (size_t i = 0; i < sizeof(meant) / sizeof(meant[0]); i++)
		if (strncmp(line, meant[i], strlen(meant[i])) == 0)
			return true;
	return false;
}

/* How many lines differ; prints those that must not. */
static int compare(char *bare, char *shimmed, bool matches)
{
	char *rest[2], *line[2];
	int differ = 0;

	line[0] = strtok_r(bare, "\n", &rest[0]);
	line[1] = strtok_r(shimmed, "\n", &rest[1]);
	for (int number = 1; line[0] || line[1]; number++) {
		const char *first = line[0] ? line[0] : "(end)";
		const char *second = line[1] ? line[1] : "(end)";

		if (strcmp(first, second) != 0) {
			differ++;
			if (!matches || !is_meant(first))
				fail_msg("line %d: '%s', but '%s'", number,
					 first, second);
		}
		line[0] = line[0] ? strtok_r(NULL, "\n", &rest[0]) : NULL;
		line[1] = line[1] ? strtok_r(NULL, "\n", &rest[1]) : NULL;
	}
	return differ;
}

static int differences(const char *rules, bool matches)
{
	static char bare[TEXT], shimmed[TEXT];

	record(BARE, bare);
	record(rules, shimmed);
	return compare(bare, shimmed, matches);
}

static void without_rules_nothing_differs(void **state)
{
	(void)state;
	assert_int_equal(differences("", false), 0);
}

static void with_rules_that_do_not_match_nothing_differs(void **state)
{
	(void)state;
	assert_int_equal(differences("sem /other-*\nlockfile /other/*", false),
			 0);
}

static void where_a_rule_matches_dead_holders_alone_differ(void **state)
{
	(void)state;
	/* By tcp, two of the hundreds that it holds at a time might share
	 * ports. */
	assert_int_equal(differences("sem *", true), 3);
}

/* What a failed one leaves. */
static int teardown(void **state)
{
	static const char *const kinds[] = {
		"a",	   "b",	     "ends", "event",	 "full",  "holder",
		"late",	   "cancel", "deep", "many",	 "mutex", "o",
		"private", "public", "room", "readable", "s",	  "t",
		"threads", "turns",  "u",    "v",
	};
	char name[128];

	(void)state;
	children_kill();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(name, sizeof(name), "%s-%s", name_of_this_run(),
			 kinds[i]);
		sem_unlink(name);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
		TEST(without_rules_nothing_differs),
		TEST(with_rules_that_do_not_match_nothing_differs),
		TEST(where_a_rule_matches_dead_holders_alone_differ),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
