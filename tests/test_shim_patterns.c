/* SPDX-License-Identifier: MIT */
/* test_shim_patterns.c - what patterns match, and what they can match. */
#include "config.h"

#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shim/pattern.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void a_pattern_matches_what_it_says(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} cases[] = {
		{ "/a", "/a", true },
		{ "/a", "/ab", false },
		{ "/ab", "/a", false },
		{ "*", "/", true },
		{ "*", "/a/.b/c", true },
		{ "/*/c", "/a/b/c", true },
		{ "*/.git/*.lock", "/a/.git/x/y.lock", true },
		{ "*/.git/*.lock", "/a/.git/x.lock.lock", true },
		{ "*/.git/*.lock", "/a/.git/x.lock2", false },
		{ "*/.git/*.lock", "/a/.git.lock", false },
		{ "/a?c", "/a/c", true },
		{ "/a?c",
		  "/a\xc3\xa4"
		  "c",
		  true },
		{ "/a??c",
		  "/a\xc3\xa4"
		  "c",
		  false },
		{ "/a?", "/a", false },
		{ "/\\*", "/*", true },
		{ "/\\*", "/a", false },
		{ "/*\\?x", "/a?x", true },
		{ "*\\", "/a\\", true },
		{ "/[a-c]*", "/bx", true },
		{ "/[!a-c]", "/b", false },
		{ "/a**b***", "/axb", true },
		{ "/*a*b*c", "/abcabcab", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (pattern_matches(cases[i].pattern, cases[i].name) !=
		    cases[i].matches)
			fail_msg("%s, %s", cases[i].pattern, cases[i].name);
}

/* A text of up to 9 of these characters, from the number. */
static void spell(char text[10], uint64_t number, const char *characters)
{
	size_t count = strlen(characters);
	int length = (int)(number % 10);

	for (number /= 10; length > 0; number /= count, length--)
		*text++ = characters[number % count];
	*text = '\0';
}

/* Few characters, so that much matches. */
static void all_is_as_fnmatch_has_it(void **state)
{
	uint64_t random = 1;
	int matches = 0;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		char pattern[11], name[11] = "/";
		bool expected;

		random = random * UINT64_C(6364136223846793005) + 1;
		spell(pattern, random >> 8, "ab/*?*\\");
		spell(name + 1, random >> 24, "ab/");
		if (*pattern && pattern[strlen(pattern) - 1] == '\\')
			continue;
		expected = fnmatch(pattern, name, 0) == 0;
		matches += expected;
		if (pattern_matches(pattern, name) != expected)
			fail_msg("%s, %s", pattern, name);
		if (expected)
			assert_true(pattern_fits(pattern, "/*"));
	}
	assert_in_range(matches, 10000, 290000);
}

static void what_covers_matches_all_that_the_other_does(void **state)
{
	static const char *const patterns[] = {
		"/a",  "/*",   "*",	"/a*",	  "*b",	  "/?",
		"/a?", "/*a*", "/[ab]", "/[!a]*", "/\\a", "/a/*",
		"*/b", "/?*",  "/[*]",	"/\\*",	  "/*?",
	};
	char name[11] = "/";

	(void)state;
	for (size_t i = 0; i < COUNT(patterns); i++)
		for (size_t k = 0; k < COUNT(patterns); k++) {
			if (!pattern_covers(patterns[i], patterns[k]))
				continue;
			for (uint64_t number = 0; number < 10000; number++) {
				spell(name + 1, number, "ab/*?");
				if (pattern_matches(patterns[k], name) &&
				    !pattern_matches(patterns[i], name))
					fail_msg("%s, %s: %s", patterns[i],
						 patterns[k], name);
			}
		}
}

static void a_pattern_covers_what_it_surely_matches(void **state)
{
	static const struct {
		const char *earlier, *later;
		bool covers;
	} cases[] = {
		{ "/a", "/a", true },	    { "/[a", "/[a", true },
		{ "*", "/[ab]\\*?", true }, { "/*", "*", true },
		{ "/*", "[/]x", true },	    { "*.lock", "*/a.lock", true },
		{ "/a*", "/a?c*", true },   { "/a*z", "/a*b*z", true },
		{ "/?a", "/ba", true },	    { "/[ab]", "/a", true },
		{ "/\\a", "/a", true },	    { "/a", "/b", false },
		{ "/?", "/*", false },	    { "/a", "/*", false },
		{ "/a?", "/a*", false },    { "/[*]", "/*", false },
		{ "/[*a]*", "/*b", false }, { "/*b]c", "/[ab]c", false },
		{ "/*a", "/b\\a", false },  { "/*.lock", "/*.lck", false },
		{ "/a*", "/*a", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (pattern_covers(cases[i].earlier, cases[i].later) !=
		    cases[i].covers)
			fail_msg("%s, %s", cases[i].earlier, cases[i].later);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_matches_what_it_says),
		cmocka_unit_test(all_is_as_fnmatch_has_it),
		cmocka_unit_test(what_covers_matches_all_that_the_other_does),
		cmocka_unit_test(a_pattern_covers_what_it_surely_matches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
