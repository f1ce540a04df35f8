/* SPDX-License-Identifier: MIT */
/* test_shim_rules.c - the grammar of the shim's rules, and keys from them. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shim/shim.h"

#define LIMIT 4

static struct shim_rule rules[LIMIT];
static struct shim_rule_error error;

/* Rules point into the text, which lives until the next parse. */
static int parse(const char *given)
{
	static char text[8192];

	assert_true(strlen(given) < sizeof(text));
	strcpy(text, given);
	memset(&error, 0, sizeof(error));
	return shim_rules_parse(text, rules, LIMIT, &error);
}

static void assert_parsed(const char *given, int count)
{
	int parsed = parse(given);

	if (parsed < 0)
		fail_msg("line %u, column %u: %s", error.line, error.column,
			 error.message);
	assert_int_equal(parsed, count);
}

static void no_text_is_no_rule(void **state)
{
	(void)state;
	assert_parsed("", 0);
	assert_parsed("\n\n", 0);
	assert_parsed(" \t\r\n", 0);
	assert_parsed("# sem /x\n  # and so on", 0);
}

static void a_rule_has_a_line_and_defaults(void **state)
{
	(void)state;
	assert_parsed("# no\nsem /x", 1);
	assert_int_equal(rules[0].family, SHIM_SEM);
	assert_int_equal(rules[0].line, 2);
	assert_string_equal(rules[0].pattern, "/x");
	assert_null(rules[0].key);
	assert_int_equal(rules[0].timeout_ms, -1);
	assert_string_equal(rules[0].transport, "unix");
	assert_null(rules[0].log);
	assert_false(rules[0].until_exit);
}

static void options_come_in_any_order(void **state)
{
	(void)state;
	assert_parsed("sem /x transport=tcp key=a:%b timeout=2.5", 1);
	assert_string_equal(rules[0].transport, "tcp");
	assert_string_equal(rules[0].key, "a:%b");
	assert_int_equal(rules[0].timeout_ms, 2500);
	assert_parsed("sem /x timeout=7 key=k transport=unix # a comment", 1);
	assert_string_equal(rules[0].transport, "unix");
	assert_string_equal(rules[0].key, "k");
	assert_int_equal(rules[0].timeout_ms, 7000);
	assert_parsed("flock /x log=none shared=exclusive hold=exit", 1);
	assert_string_equal(rules[0].log, "none");
	assert_false(rules[0].bypass_shared);
	assert_true(rules[0].until_exit);
	assert_parsed("flock /x shared=bypass 'log=/a b'\nsem * log=stderr", 2);
	assert_string_equal(rules[0].log, "/a b");
	assert_true(rules[0].bypass_shared);
	assert_string_equal(rules[1].log, "stderr");
	assert_parsed("lockfile /x\nlockfile /y guard=no", 2);
	assert_false(rules[0].unguarded);
	assert_true(rules[1].unguarded);
}

static void in_a_cluster_some_defaults_are_others(void **state)
{
	(void)state;
	assert_parsed("flock /x on-lost=warn transport=etcd\n"
		      "flock /x transport=etcd on-lost=kill shared=bypass\n"
		      "lockfile /x transport=etcd\n"
		      "lockfile /x transport=etcd key=k",
		      4);
	assert_string_equal(rules[0].transport, "etcd");
	assert_true(rules[0].warns);
	assert_null(rules[0].key);
	assert_false(rules[0].bypass_shared);
	assert_false(rules[1].warns);
	assert_true(rules[1].bypass_shared);
	/* As it would be without, but the maker of the file has it. */
	assert_string_equal(rules[2].key, "lockfile:%n");
	assert_string_equal(rules[3].key, "k");
}

static void blanks_comments_and_line_ends_do_not_count(void **state)
{
	(void)state;
	assert_parsed("  sem\t /x \r\n\n# no\n\tlockfile  /y#z   #c\r\n", 2);
	assert_string_equal(rules[0].pattern, "/x");
	assert_string_equal(rules[1].pattern, "/y#z");
}

static void quotes_and_backslashes_are_taken_off(void **state)
{
	static const struct {
		const char *given, *pattern;
	} cases[] = {
		{ "'/a b'", "/a b" },	    { "\"/a b\"", "/a b" },
		{ "/a\\ b", "/a b" },	    { "/a' 'b\" \"c", "/a b c" },
		{ "'/a\\*'", "/a\\*" },	    { "/a\\\\*", "/a\\*" },
		{ "\"/a\\\\*\"", "/a\\*" }, { "\"/a\\*\"", "/a\\*" },
		{ "\"/a\\\"\"", "/a\"" },   { "\"/a'\"", "/a'" },
		{ "'/a\"'", "/a\"" },	    { "/a\\#", "/a#" },
		{ "'/#'", "/#" },	    { "/\xc3\xa4", "/\xc3\xa4" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "sem %s 'key'=\"k %%n\"",
			 cases[i].given);
		assert_parsed(text, 1);
		assert_string_equal(rules[0].pattern, cases[i].pattern);
		assert_string_equal(rules[0].key, "k %n");
	}
}

static void timeouts_are_seconds_with_a_fraction(void **state)
{
	static const struct {
		const char *given;
		int64_t ms;
	} cases[] = {
		{ "0", 0 },
		{ "0.0", 0 },
		{ "1", 1000 },
		{ "1.", 1000 },
		{ ".5", 500 },
		{ "0.001", 1 },
		{ "1.2345", 1234 },
		{ "007", 7000 },
		{ "1000000000", INT64_C(1000000000000) },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "sem * timeout=%s",
			 cases[i].given);
		assert_parsed(text, 1);
		assert_int_equal(rules[0].timeout_ms, cases[i].ms);
	}
}

static const struct {
	const char *given;
	unsigned line, column;
	const char *message;
} wrong[] = {
	{ "sme /x", 1, 1, "unknown family 'sme': use sem, lockfile, op" },
	{ "\n  Sem /x", 2, 3, "unknown family 'Sem'" },
	{ "sem", 1, 4, "a pattern is missing" },
	{ "lockfile # x", 1, 10, "a pattern is missing" },
	{ "sem ''", 1, 5, "the pattern is empty: use *" },
	{ "sem /x key", 1, 8,
	  "unknown option 'key': use key=, timeout=, transport=, "
	  "on-lost=, hold=, shared=, guard= or log=" },
	{ "sem /x key=", 1, 8, "the key is empty" },
	{ "sem /x key=%x", 1, 8, "unknown %x in the key: use %n (na" },
	{ "sem /x key=a%", 1, 8, "write %% for a percent sign" },
	{ "sem /x key=%%%", 1, 8, "write %% for a percent sign" },
	{ "sem /x key=a key=b", 1, 14, "key= is given twice" },
	{ "flock /x hold=exit\thold=exit", 1, 20, "hold= is given tw" },
	{ "sem /x timeout=", 1, 8, "'' is no timeout: use seconds" },
	{ "sem /x timeout=.", 1, 8, "'.' is no timeout" },
	{ "sem /x timeout=-1", 1, 8, "'-1' is no timeout" },
	{ "sem /x timeout=5s", 1, 8, "'5s' is no timeout" },
	{ "sem /x timeout=1e3", 1, 8, "'1e3' is no timeout" },
	{ "sem /x timeout=1000000001", 1, 8, "above 1000000000 sec" },
	{ "sem /x timeout=99999999999999999999", 1, 8, "above 1000" },
	{ "sem /x transport=udp", 1, 8,
	  "unknown transport 'udp': use unix, tcp or etcd" },
	{ "sem /x transport=etcd on-lost=run", 1, 23,
	  "unknown on-lost 'run': use kill or warn" },
	{ "sem /x on-lost=warn", 1, 8,
	  "there is no on-lost= without transport=etcd: " },
	{ "sem /x on-lost=kill transport=tcp", 1, 8,
	  "there is no on-lost= without transport=etcd: " },
	{ "flock /x  hold=", 1, 11, "unknown hold '': use exit" },
	{ "flock /x hold=close", 1, 10, "unknown hold 'close': use ex" },
	{ "open /x guard=no", 1, 9,
	  "there is no guard= for open: it is for lockfile" },
	{ "lockfile /x guard=yes", 1, 13, "unknown guard 'yes': use no" },
	{ "open /x 'shared=no'", 1, 9,
	  "unknown shared 'no': use exclusive or bypass" },
	{ "sem /x log=", 1, 8, "'' is no place for a log: use stderr, " },
	{ "sem /x log=a/b", 1, 8, "'a/b' is no place for a log" },
	{ "sem '/x", 1, 5, "this ' has no closing ' on its line" },
	{ "sem /x key=\"a\n\"", 1, 12, "this \" has no closing \"" },
	{ "sem /x\\", 1, 7, "nothing follows the backslash" },
	{ "sem *\nsem *\n\n\nsem /\"", 5, 6, "this \" has no closing" },
	{ "sem *\nsem *\nsem *\nsem *\n sem *", 5, 2, "more than 4 rules" },
};

static void what_is_wrong_is_said_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(parse(wrong[i].given), -1);
		if (!strstr(error.message, wrong[i].message))
			fail_msg("'%s': '%s'", wrong[i].given, error.message);
		assert_int_equal(error.line, wrong[i].line);
		assert_int_equal(error.column, wrong[i].column);
	}
}

static void long_words_fit_into_messages(void **state)
{
	char text[4096];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(parse(text), -1);
	memcpy(text, "sem ", 4);
	assert_int_equal(parse(text), -1);
	memcpy(text, "sem /x timeout=", 15);
	assert_int_equal(parse(text), -1);
	memcpy(text, "sem /x shard=", 13);
	assert_int_equal(parse(text), -1);
	memcpy(text, "mutex ", 6);
	assert_int_equal(parse(text), -1);
	assert_true(strlen(error.message) < sizeof(error.message));
}

static void the_limit_of_rules_is_reached_exactly(void **state)
{
	(void)state;
	assert_parsed("sem *\nsem *\nsem *\nsem *\n# all", LIMIT);
}

/* ---- keys ---------------------------------------------------------------- */

static const char *key_of(const char *template, const char *name)
{
	static char key[SHIM_KEY_MAX];
	struct shim_rule rule = { .family = SHIM_LOCKFILE, .key = template };

	return shim_rule_key(&rule, name, key) ? key : NULL;
}

static void keys_follow_their_templates(void **state)
{
	char uid[32];

	(void)state;
	assert_string_equal(key_of(NULL, "/a/b.lock"), "lockfile:/a/b.lock");
	assert_string_equal(key_of("k", "/a/b"), "k");
	assert_string_equal(key_of("%n", "/a/b"), "/a/b");
	assert_string_equal(key_of("<%b>", "/a/b"), "<b>");
	assert_string_equal(key_of("%d!", "/a/b/c"), "/a/b!");
	assert_string_equal(key_of("%d|%b", "/b"), "/|b");
	assert_string_equal(key_of("100%%%b%b", "/b"), "100%bb");
	snprintf(uid, sizeof(uid), "u%u", (unsigned)geteuid());
	assert_string_equal(key_of("u%u", "/b"), uid);
}

static void keys_that_are_too_long_or_empty_are_refused(void **state)
{
	char name[SHIM_KEY_MAX];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[0] = '/';
	name[SHIM_KEY_MAX - 1] = '\0';
	assert_string_equal(key_of("%n", name), name);
	assert_null(key_of("%n.", name));
	assert_null(key_of(NULL, name));
	assert_null(key_of("%b", "/a/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_text_is_no_rule),
		cmocka_unit_test(a_rule_has_a_line_and_defaults),
		cmocka_unit_test(options_come_in_any_order),
		cmocka_unit_test(in_a_cluster_some_defaults_are_others),
		cmocka_unit_test(blanks_comments_and_line_ends_do_not_count),
		cmocka_unit_test(quotes_and_backslashes_are_taken_off),
		cmocka_unit_test(timeouts_are_seconds_with_a_fraction),
		cmocka_unit_test(what_is_wrong_is_said_with_its_place),
		cmocka_unit_test(long_words_fit_into_messages),
		cmocka_unit_test(the_limit_of_rules_is_reached_exactly),
		cmocka_unit_test(keys_follow_their_templates),
		cmocka_unit_test(keys_that_are_too_long_or_empty_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
