/* SPDX-License-Identifier: MIT */
/* test_shim_mutex_names.c - by which names a rule finds a mutex. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/mutex.h"

/* Asserts whether a victim's mutex has the portlock under that rule. */
static void check(const struct mutex_key *key, const char *program,
		  const char *which, const char *pattern, bool matches)
{
	struct child *victim =
		victim_start(program, which, mutex_rule(key, pattern, ""));

	assert_int_equal(victim_do(victim, MUTEX_lock), 0);
	assert_int_equal(gate_is_bound(key->text), matches);
	assert_int_equal(victim_do(victim, MUTEX_try_in_thread), EBUSY);
	assert_int_equal(victim_do(victim, MUTEX_unlock), 0);
	assert_false(gate_is_bound(key->text));
	assert_int_equal(child_end(victim), 0);
}

static void a_symbol_is_a_name(void **state)
{
	struct mutex_key *key = *state;

	check(key, "victim_mutex", "hidden", "/*/victim_mutex:hidden_mutex", 1);
	check(key, "victim_mutex", "exported", "*:exported_mutex", 1);
	check(key, "victim_mutex", "inner", "*:object+0x28", 1);
	check(key, "victim_mutex", "inner", "*:object", 0);
	check(key, "victim_mutex", "recursive", "*:special_mutex", 1);
	check(key, "victim_mutex", "hidden", "*:exported_mutex", 0);
	check(key, "victim_mutex", "hidden", "victim_mutex:hidden_mutex", 0);
}

/* The pattern for the place that the program knows its mutex to be at. */
static void find_offset(char pattern[64], const char *program,
			const char *which)
{
	struct child *victim = victim_start(program, which, BARE);

	snprintf(pattern, 64, "*/%s+0x%x", program,
		 (unsigned)victim_do(victim, MUTEX_offset));
	assert_int_equal(child_end(victim), 0);
}

static void an_offset_is_a_name(void **state)
{
	struct mutex_key *key = *state;
	char pattern[64];

	find_offset(pattern, "victim_mutex", "hidden");
	check(key, "victim_mutex", "hidden", pattern, true);
	check(key, "victim_mutex", "exported", pattern, false);
	find_offset(pattern, "victim_mutex", "inner");
	check(key, "victim_mutex", "inner", pattern, true);
}

static void what_is_on_the_heap_has_no_name(void **state)
{
	check(*state, "victim_mutex", "heap", "*", false);
	assert_false(victim_log_has("victim_mutex:"));
}

/* Where the tests' programs are. */
static void folder_of_tests(char *path, size_t size)
{
	snprintf(path, size, "%s/tests", getenv("top_builddir"));
}

static void a_stripped_program_has_what_it_exports(void **state)
{
	char folder[512], name[64], path[1024], command[2048], pattern[64];

	folder_of_tests(folder, sizeof(folder));
	snprintf(name, sizeof(name), "stripped-%d", (int)getpid());
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	snprintf(command, sizeof(command),
		 "strip -o '%s' '%s/victim_mutex' 2>&1", path, folder);
	if (system(command) != 0) {
		unlink(path);
		skip();
	}
	check(*state, name, "exported", "*:exported_mutex", true);
	check(*state, name, "hidden", "*:*", false);
	find_offset(pattern, name, "hidden");
	check(*state, name, "hidden", pattern, true);
	unlink(path);
}

static void the_key_has_the_symbol(void **state)
{
	struct mutex_key *key = *state;
	char rules[256], expected[160], pattern[64];

	find_offset(pattern, "victim_mutex", "hidden");
	snprintf(rules, sizeof(rules), "mutex %s key=%s-%%b", pattern,
		 key->text);
	snprintf(expected, sizeof(expected), "%s-victim_mutex:hidden_mutex",
		 key->text);
	mutex_holder("hidden", rules);
	assert_true(gate_is_bound(expected));
}

static void the_first_rule_counts_by_whichever_name(void **state)
{
	struct mutex_key *key = *state;
	char rules[256], pattern[64];

	find_offset(pattern, "victim_mutex", "hidden");
	snprintf(rules, sizeof(rules),
		 "mutex %s key=%s\nmutex *:hidden_mutex key=%s-not", pattern,
		 key->text, key->text);
	assert_int_equal(child_end(mutex_holder("hidden", rules)), 0);
	snprintf(rules, sizeof(rules),
		 "mutex *:hidden_mutex key=%s\nmutex %s key=%s-not", key->text,
		 pattern, key->text);
	mutex_holder("hidden", rules);
	assert_true(gate_is_bound(key->text));
}

static void the_log_tells_the_names(void **state)
{
	mutex_holder("inner", mutex_rule(*state, "/nothing:*", ""));
	assert_true(
		victim_log_has("/victim_mutex:object+0x28: no rule matches"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_mutex(a_symbol_is_a_name),
		with_mutex(an_offset_is_a_name),
		with_mutex(what_is_on_the_heap_has_no_name),
		with_mutex(a_stripped_program_has_what_it_exports),
		with_mutex(the_key_has_the_symbol),
		with_mutex(the_first_rule_counts_by_whichever_name),
		with_mutex(the_log_tells_the_names),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
