/* SPDX-License-Identifier: MIT */
/* test_shim_lockfile_keys.c - a lock file with a key= excludes all that has
 * this key.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "support/keyed.h"
#include "victim_filelock.h"
#include "victim_open.h"

static void all_with_the_key_wait_in_order(void **state)
{
	struct keyed *keyed = *state;
	struct lockfile *file = keyed->file;
	struct child *maker = lockfile_victim(file, keyed->rules);
	struct child *second = lockfile_victim(file, keyed->rules);
	struct child *other = keyed_contender(keyed), *opener, *flocker;
	char data[PATH_MAX + 8];

	snprintf(data, sizeof(data), "%s/data", file->folder);
	write_file(data, "1");
	opener = victim_start("victim_open", data, keyed->rules);
	flocker = victim_start("victim_filelock", file->folder, keyed->rules);
	assert_int_equal(victim_do(opener, OPEN_nothing), 0);
	assert_int_equal(victim_do(flocker, FILE_a), 0);
	assert_int_equal(victim_do(maker, LOCKFILE_open), 0);
	keyed_queue(keyed, second, LOCKFILE_open_second, 1);
	keyed_queue(keyed, opener, OPEN_update, 2);
	keyed_queue(keyed, flocker, FILE_ex, 3);
	contender_begin(other, -1);
	wait_for_queue(file->key, 4);
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	assert_int_equal(hear(second), 0);
	assert_false(has_said(opener));
	assert_int_equal(victim_do(second, LOCKFILE_unlink_second), 0);
	assert_int_equal(hear(opener), 0);
	assert_false(has_said(flocker));
	assert_int_equal(victim_do(opener, OPEN_close), 0);
	assert_int_equal(hear(flocker), 0);
	assert_false(has_said(other));
	/* And the other way round. */
	say(maker, LOCKFILE_open);
	assert_int_equal(victim_do(flocker, FILE_un), 0);
	assert_int_equal(contender_result(other), 0);
	assert_false(has_said(maker));
	assert_false(lockfile_exists(file));
	contender_release(other);
	assert_int_equal(hear(maker), 0);
}

static void every_way_to_make_and_remove_it(void **state)
{
	static const int ways[] = {
		LOCKFILE_open,	      LOCKFILE_fopen,
		LOCKFILE_mkdir,	      LOCKFILE_link,
		LOCKFILE_link_kept,   LOCKFILE_symlink,
		LOCKFILE_symlinkat,   LOCKFILE_link_nameless,
		LOCKFILE_rename_into,
	};
	static const int ends[] = {
		LOCKFILE_unlink, LOCKFILE_unlinkat, LOCKFILE_remove,
		LOCKFILE_rename, LOCKFILE_renameat, LOCKFILE_unlink_in_handler,
	};
	struct keyed *keyed = *state;
	struct child *maker = lockfile_victim(keyed->file, keyed->unguarded);
	struct child *other = keyed_contender(keyed);

	for (int i = 0; i < 9 + 6; i++) {
		int make = i < 9 ? ways[i] : LOCKFILE_open;
		int end = i < 9 ? LOCKFILE_remove : ends[i - 9];

		assert_int_equal(victim_do(maker, make), 0);
		assert_false(keyed_is_free(other));
		assert_int_equal(victim_do(maker, end), 0);
		assert_true(keyed_is_free(other));
	}
	/* What fails keeps nothing. */
	write_file(keyed->file->name, "");
	assert_int_equal(victim_do(lockfile_victim(keyed->file, keyed->timed),
				   LOCKFILE_open),
			 EEXIST);
	assert_true(keyed_is_free(other));
}

static void without_a_key_only_the_file_excludes(void **state)
{
	struct keyed *keyed = *state;
	struct lockfile *file = keyed->file;
	char key[PATH_MAX + 16];

	snprintf(key, sizeof(key), "lockfile:%s", file->name);
	lockfile_maker(file, RULES, LOCKFILE_open);
	assert_false(gate_is_bound(key));
}

static void the_timeout_counts_for_the_key(void **state)
{
	struct keyed *keyed = *state;
	struct lockfile *file = keyed->file;
	struct child *other = keyed_contender(keyed);
	int64_t start;

	assert_int_equal(contender_try(other), 0);
	start = now_ns();
	assert_int_equal(
		victim_do(lockfile_victim(file, keyed->timed), LOCKFILE_open),
		EEXIST);
	assert_true(now_ns() - start >= 50000000);
	assert_int_equal(
		victim_do(lockfile_victim(file, keyed->tries), LOCKFILE_open),
		EEXIST);
	assert_false(lockfile_exists(file));
}

static void who_has_read_before_is_refused_at_once(void **state)
{
	struct keyed *keyed = *state;
	struct lockfile *file = keyed->file;
	struct child *reader = lockfile_victim(file, keyed->rules);
	struct child *unguarded = lockfile_victim(file, keyed->unguarded);
	struct child *other = keyed_contender(keyed);

	write_file(file->protects, "1");
	assert_int_equal(victim_do(reader, LOCKFILE_read), 0);
	assert_int_equal(victim_do(unguarded, LOCKFILE_read), 0);
	assert_int_equal(contender_try(other), 0);
	assert_int_equal(victim_do(reader, LOCKFILE_open), EEXIST);
	assert_false(lockfile_exists(file));
	assert_true(victim_log_has("somebody else has its key"));
	say(unguarded, LOCKFILE_open);
	wait_asleep(unguarded->pid);
	assert_false(has_said(unguarded));
	contender_release(other);
	assert_int_equal(hear(unguarded), 0);
	assert_int_equal(victim_do(unguarded, LOCKFILE_unlink), 0);
	assert_int_equal(victim_do(reader, LOCKFILE_open), 0);
	assert_false(keyed_is_free(other));
}

static void who_reads_inside_of_an_ancestor_goes_on(void **state)
{
	struct keyed *keyed = *state;
	struct lockfile *file = keyed->file;
	portlock_t *lock = open_lock(file->key, "unix");
	struct child *reader;

	assert_int_equal(portlock_acquire(lock), 0);
	/* Who has it started it since. */
	reader = lockfile_victim(file, keyed->rules);
	assert_int_equal(victim_do(reader, LOCKFILE_read), ENOENT);
	assert_int_equal(victim_do(reader, LOCKFILE_open), 0);
	portlock_release(lock);
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_keyed(all_with_the_key_wait_in_order),
		with_keyed(every_way_to_make_and_remove_it),
		with_keyed(without_a_key_only_the_file_excludes),
		with_keyed(the_timeout_counts_for_the_key),
		with_keyed(who_has_read_before_is_refused_at_once),
		with_keyed(who_reads_inside_of_an_ancestor_goes_on),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
