/* SPDX-License-Identifier: MIT */
/* test_shim_open_names.c - the family "open" for files that get other names:
 * what is remembered of a file or a path is not believed too long.
 */
#include "config.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/lockfile.h"
#include "victim_names.h"

#define RULE "open */portlock-test-*/in/*"

static int setup(void **state)
{
	char path[PATH_MAX];
	struct lockfile *file;

	if (lockfile_setup(state) < 0)
		return -1;
	file = *state;
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", file->folder,
			 i ? "in" : "out");
		if (mkdir(path, 0700) < 0)
			return -1;
		snprintf(path, sizeof(path), "%s/%s/x", file->folder,
			 i ? "in" : "out");
		write_file(path, "1\n");
	}
	snprintf(file->key, sizeof(file->key), "open:%s", path);
	return 0;
}

static void assert_held(struct lockfile *file, const char *rules, int command)
{
	struct child *victim =
		victim_start("victim_names", file->folder, rules);

	assert_int_equal(victim_do(victim, NAMES_nothing), 0);
	assert_int_equal(victim_do(victim, command), 0);
	assert_true(gate_is_bound(file->key));
	assert_int_equal(victim_do(victim, NAMES_close), 0);
	assert_false(gate_is_bound(file->key));
}

static void a_file_gets_a_name(void **state)
{
	assert_held(*state, RULE, NAMES_renamed);
}

static void an_old_file_gets_a_name(void **state)
{
	assert_held(*state, RULE, NAMES_renamed_later);
}

static void a_file_has_two_names(void **state)
{
	assert_held(*state, RULE, NAMES_linked);
}

static void a_path_leads_elsewhere(void **state)
{
	assert_held(*state, RULE, NAMES_switched);
}

static void a_link_has_the_name(void **state)
{
	struct lockfile *file = *state;

	/* The key is that of the file. */
	snprintf(file->key, sizeof(file->key), "open:%s/out/x", file->folder);
	assert_held(file, RULE, NAMES_pointed);
}

static void a_reader_that_does_not_count_writes(void **state)
{
	assert_held(*state, RULE " shared=bypass", NAMES_upgraded);
}

#define test(name)                                                             \
	cmocka_unit_test_setup_teardown(name, setup, lockfile_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_file_gets_a_name),
		test(an_old_file_gets_a_name),
		test(a_file_has_two_names),
		test(a_path_leads_elsewhere),
		test(a_link_has_the_name),
		test(a_reader_that_does_not_count_writes),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
