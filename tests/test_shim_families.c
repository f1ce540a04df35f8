/* SPDX-License-Identifier: MIT */
/* test_shim_families.c - what each family allows in its rules, and which
 * patterns can match one of its names.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shim/shim.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct shim_rule rule;
static struct shim_rule_error error;

/* The rule points into the text, which lives until the next parse. */
static bool parses(const char *family, const char *rest)
{
	static char text[512];

	memset(&error, 0, sizeof(error));
	snprintf(text, sizeof(text), "%s %s", family, rest);
	return shim_rules_parse(text, &rule, 1, &error) == 1;
}

static void every_family_has_its_defaults(void **state)
{
	static const struct {
		const char *family;
		int64_t timeout_ms;
		bool has_hold, has_shared, bypass_shared;
	} cases[] = {
		{ "sem", -1, false, false, false },
		{ "lockfile", 30000, false, false, false },
		{ "open", -1, true, true, false },
		{ "mutex", -1, true, false, false },
		{ "sysvsem", -1, true, false, false },
		{ "flock", -1, true, true, true },
		{ "fcntl", -1, true, true, true },
		{ "passwd", 15000, true, false, false },
		{ "liblockfile", 30000, false, false, false },
	};

	(void)state;
	assert_int_equal(COUNT(cases), SHIM_FAMILIES);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *family = cases[i].family;

		assert_true(parses(family, "*"));
		assert_int_equal(rule.family, i);
		assert_string_equal(shim_family_name(rule.family), family);
		assert_int_equal(rule.timeout_ms, cases[i].timeout_ms);
		assert_int_equal(rule.bypass_shared, cases[i].bypass_shared);
		assert_int_equal(parses(family, "* hold=exit"),
				 cases[i].has_hold);
		assert_int_equal(parses(family, "* shared=bypass"),
				 cases[i].has_shared);
		assert_true(parses(family, "* timeout=1 log=none"));
	}
}

static void a_refused_option_is_explained(void **state)
{
	(void)state;
	assert_false(parses("sem", "/x hold=exit"));
	assert_int_equal(error.column, 8);
	assert_string_equal(error.message,
			    "there is no hold= for sem: a semaphore is a lock "
			    "until it is posted");
	assert_false(parses("lockfile", "/x hold=exit"));
	assert_non_null(strstr(error.message, "until it is removed"));
	assert_false(parses("sysvsem", "/0x1/0  shared=bypass"));
	assert_int_equal(error.column, 17);
	assert_string_equal(error.message,
			    "there is no shared= for sysvsem: it is for flock, "
			    "fcntl and open");
}

static void every_familys_example_is_a_good_rule(void **state)
{
	char text[128];

	(void)state;
	for (int family = 0; family < SHIM_FAMILIES; family++) {
		const char *name = shim_families[family].name;

		assert_false(parses(name, ""));
		assert_non_null(error.example);
		strcpy(text, error.example);
		assert_int_equal(shim_rules_parse(text, &rule, 1, &error), 1);
		assert_int_equal(rule.family, family);
	}
	assert_false(parses("semaphore", "/x"));
	assert_non_null(error.example);
	/* It would not help against too many of them. */
	strcpy(text, "sem /a\nsem /b");
	assert_int_equal(shim_rules_parse(text, &rule, 1, &error), -1);
	assert_null(error.example);
}

static void patterns_that_may_match_are_taken(void **state)
{
	static const char *const cases[][12] = {
		[SHIM_SEM] = { "*", "/*", "/a*", "*/a", "?a", "[!a]b", "/[!/]x",
			       "/a[/b]", "/a?b", "\\/a" },
		[SHIM_LOCKFILE] = { "*", "/", "?", "*.lock", "/a/b", "/a?b",
				    "[/]a/", "*/.a/b." },
		[SHIM_OPEN] = { "*", "/a" },
		[SHIM_MUTEX] = { "*", "/a:b", "/a+0x1f", "*lock", "*/s:*",
				 "*+0x*", "/usr/lib/a:b:c", "*/c++:m",
				 "*/c+?x12", "/a?b" },
		[SHIM_SYSVSEM] = { "*", "/0x4d2/0", "/*/0", "/0x4d2/*", "/0x*",
				   "/?x1/1", "/0x[1-9]/0", "*/3", "/0x4d2?0",
				   "/0x4d2*" },
		[SHIM_FLOCK] = { "*", "/a" },
		[SHIM_FCNTL] = { "*", "/a" },
		[SHIM_PASSWD] = { "*", "/etc/.pwd.lock", "*.lock", "/etc/*",
				  "/*/.pwd*", "/etc/?pwd.lock", "[/]*" },
		[SHIM_LIBLOCKFILE] = { "*", "/a" },
	};

	(void)state;
	for (size_t family = 0; family < SHIM_FAMILIES; family++)
		for (const char *const *at = cases[family]; *at; at++)
			if (!parses(shim_families[family].name, *at))
				fail_msg("%s: %s", *at, error.message);
}

static void patterns_that_match_nothing_are_refused(void **state)
{
	static const struct {
		const char *rule, *message;
	} cases[] = {
		{ "sem x", "one slash, before it: write /x" },
		{ "sem /", "one slash, before it" },
		{ "sem /a/b", "one slash, before it" },
		{ "sem //a", "one slash, before it" },
		{ "sem */a*/b", "one slash, before it" },
		{ "sem /a/[b]", "one slash, before it" },
		{ "sem /a\\\\/b/c", "one slash, before it" },
		{ "lockfile .git/*.lock", "slash at its end: write */.git/*" },
		{ "lockfile /a/", "a path is absolute, without symbolic li" },
		{ "lockfile *//a", "a path is absolute" },
		{ "lockfile */./a", "a path is absolute" },
		{ "lockfile */../a*", "a path is absolute" },
		{ "lockfile /a/.", "a path is absolute" },
		{ "lockfile */..", "a path is absolute" },
		{ "open a/", "slash at its end" },
		{ "flock ~/x", "write */~/x" },
		{ "fcntl lock", "write */lock" },
		{ "liblockfile x.lock", "write */x.lock" },
		{ "mutex */server", "a mutex is named /PATH/OF/MODULE:SYMBOL" },
		{ "mutex lock", "or /PATH/OF/MODULE+0xOFFSET" },
		{ "mutex server:lock", "write */server:lock" },
		{ "mutex /a:", "a mutex is named" },
		{ "mutex /a+0x", "a mutex is named" },
		{ "mutex /a+0X1F", "a mutex is named" },
		{ "mutex /a+12", "a mutex is named" },
		{ "mutex /a:b/c", "a mutex is named" },
		{ "sysvsem 0x4d2/0", "key such as 4d2: write /0x4d2/0" },
		{ "sysvsem 1234", "a semaphore is named /0xKEY/NUMBER" },
		{ "sysvsem /1234/0", "a semaphore is named" },
		{ "sysvsem /0x4d2", "a semaphore is named" },
		{ "sysvsem /0x4D2/0", "a semaphore is named" },
		{ "sysvsem /0x000004d2/0", "a semaphore is named" },
		{ "sysvsem /0x4d2/0/1", "a semaphore is named" },
		{ "passwd .pwd.lock", "write /etc/.pwd.lock" },
		{ "passwd /etc/passwd", "the only name is /etc/.pwd.lock" },
		{ "passwd /etc/.pwd.lock?", "the only name is" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[64];
		unsigned column = (unsigned)strcspn(cases[i].rule, " ") + 2;

		strcpy(text, cases[i].rule);
		if (shim_rules_parse(text, &rule, 1, &error) != -1)
			fail_msg("'%s' is taken", cases[i].rule);
		assert_int_equal(error.column, column);
		if (!strstr(error.message, "this matches nothing, as ") ||
		    !strstr(error.message, cases[i].message))
			fail_msg("'%s': '%s'", cases[i].rule, error.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_family_has_its_defaults),
		cmocka_unit_test(a_refused_option_is_explained),
		cmocka_unit_test(every_familys_example_is_a_good_rule),
		cmocka_unit_test(patterns_that_may_match_are_taken),
		cmocka_unit_test(patterns_that_match_nothing_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
