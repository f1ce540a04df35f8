/* SPDX-License-Identifier: MIT */
/* test_shim_recent.c - what had no rule a moment ago, and has one now: paths
 * that lead elsewhere, and numbers of other files.
 */
#include "config.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "support/lockfile.h"
#include "victim_recent.h"

/* For files in the folders in and here. */
#define RULES_OPEN "open */portlock-test-*/in/*\nopen */portlock-test-*/here/*"
#define RULES_LOCKED                                                           \
	"flock */portlock-test-*/in/*\nfcntl */portlock-test-*/in/*"
#define RULES_MADE "lockfile */portlock-test-*/in/*.lock"

static int setup(void **state)
{
	char path[PATH_MAX];
	struct lockfile *file;

	if (lockfile_setup(state) < 0)
		return -1;
	file = *state;
	for (int i = 0; i < 2; i++) {
		const char *name = i ? "in" : "out";

		snprintf(path, sizeof(path), "%s/%s", file->folder, name);
		if (mkdir(path, 0700) < 0)
			return -1;
		snprintf(path, sizeof(path), "%s/%s/x", file->folder, name);
		write_file(path, "1\n");
	}
	return 0;
}

/* The key is bound until the victim closes what it opened last. */
static void assert_held(struct lockfile *file, const char *rules, int command,
			const char *family, const char *name)
{
	struct child *victim =
		victim_start("victim_recent", file->folder, rules);

	snprintf(file->key, sizeof(file->key), "%s:%s/%s", family, file->folder,
		 name);
	assert_int_equal(victim_do(victim, command), 0);
	assert_true(gate_is_bound(file->key));
	assert_int_equal(victim_do(victim, RECENT_close), 0);
	assert_false(gate_is_bound(file->key));
}

static void a_path_in_another_directory(void **state)
{
	static const int ways[] = { RECENT_moved, RECENT_moved_by_fd,
				    RECENT_moved_in_vfork, RECENT_moved_by_nftw,
				    RECENT_moved_by_fts };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		assert_held(*state, RULES_OPEN, ways[i], "open", "in/x");
}

static void a_directory_in_the_place_of_a_link(void **state)
{
	assert_held(*state, RULES_OPEN, RECENT_replaced, "open", "here/x");
}

static void a_lock_file_in_another_directory(void **state)
{
	struct lockfile *file = *state;
	struct child *victim =
		victim_start("victim_recent", file->folder, RULES_MADE);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/in/x.lock", file->folder);
	if (setxattr(file->folder, "user.portlock-test", "1", 1, 0) < 0)
		skip();
	assert_int_equal(victim_do(victim, RECENT_made), 0);
	assert_true(is_marked(path));
	assert_int_equal(victim_do(victim, RECENT_unmade), 0);
}

static void a_descriptor_of_a_renamed_file(void **state)
{
	assert_held(*state, RULES_LOCKED, RECENT_lock_renamed, "flock", "in/x");
}

static void a_name_beside_the_one_that_was_removed(void **state)
{
	assert_held(*state, RULES_LOCKED, RECENT_lock_unlinked, "flock",
		    "in/y");
}

static void a_number_of_another_file(void **state)
{
	static const int ways[] = { RECENT_lock_reopened, RECENT_lock_streamed,
				    RECENT_lock_copied, RECENT_lock_copied_f };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		assert_held(*state, RULES_LOCKED, ways[i], "flock", "in/x");
	assert_held(*state, RULES_LOCKED, RECENT_set_reopened, "fcntl", "in/x");
}

#define test(name)                                                             \
	cmocka_unit_test_setup_teardown(name, setup, lockfile_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_path_in_another_directory),
		test(a_directory_in_the_place_of_a_link),
		test(a_lock_file_in_another_directory),
		test(a_descriptor_of_a_renamed_file),
		test(a_name_beside_the_one_that_was_removed),
		test(a_number_of_another_file),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
