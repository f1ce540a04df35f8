/* SPDX-License-Identifier: MIT */
/* test_shim_mutex_unload.c - a library's mutex goes with the library: the next
 * one at its place has a name of its own.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/mutex.h"

static char libraries[PATH_MAX - 64];

/* Two libraries of one content, which the loader puts at one place. */
static void make_library(const char *name)
{
	char command[2 * PATH_MAX];

	snprintf(command, sizeof(command),
		 "cp '%s/tests/.libs/plugin_mutex.so' '%s/%s'",
		 getenv("top_builddir"), libraries, name);
	require(system(command) == 0);
}

static int setup(void **state)
{
	const char *parent = getenv("TMPDIR");

	snprintf(libraries, sizeof(libraries), "%s/portlock-test-XXXXXX",
		 parent ? parent : "/tmp");
	require(mkdtemp(libraries));
	make_library("first.so");
	make_library("second.so");
	return mutex_setup(state);
}

static int teardown(void **state)
{
	char path[PATH_MAX];
	int result = mutex_teardown(state);

	snprintf(path, sizeof(path), "%s/first.so", libraries);
	unlink(path);
	snprintf(path, sizeof(path), "%s/second.so", libraries);
	unlink(path);
	return result == 0 ? rmdir(libraries) : result;
}

/* Asserts whether its mutex has the portlock; returns where it is. */
static int lock_once(struct child *victim, const struct mutex_key *key,
		     int load, bool matches)
{
	int place;

	assert_int_equal(victim_do(victim, load), 0);
	assert_int_equal(victim_do(victim, MUTEX_lock), 0);
	assert_int_equal(gate_is_bound(key->text), matches);
	assert_int_equal(victim_do(victim, MUTEX_unlock), 0);
	place = victim_do(victim, MUTEX_place);
	assert_int_equal(victim_do(victim, MUTEX_unload), 0);
	return place;
}

static void the_next_library_has_its_own_mutex(void **state)
{
	const struct mutex_key *key = *state;
	struct child *victim =
		mutex_victim(libraries, mutex_rule(key, "*/first.so:*", ""));
	int place = lock_once(victim, key, MUTEX_load_first, true);

	for (int i = 0; i < 3; i++) {
		if (lock_once(victim, key, MUTEX_load_second, false) != place ||
		    lock_once(victim, key, MUTEX_load_first, true) != place)
			skip(); /* places at random say nothing */
	}
}

static void what_was_unloaded_is_not_held(void **state)
{
	const struct mutex_key *key = *state;
	struct child *victim =
		mutex_victim(libraries, mutex_rule(key, "*/first.so:*", ""));

	assert_int_equal(victim_do(victim, MUTEX_load_first), 0);
	assert_int_equal(victim_do(victim, MUTEX_lock), 0);
	assert_true(gate_is_bound(key->text));
	assert_int_equal(victim_do(victim, MUTEX_unload), 0);
	assert_false(gate_is_bound(key->text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_next_library_has_its_own_mutex, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_unloaded_is_not_held,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
