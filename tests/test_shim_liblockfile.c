/* SPDX-License-Identifier: MIT */
/* test_shim_liblockfile.c - lockfile_create() waits for its turn, and for no
 * more than the removal of the file.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/lockfile.h"
#include "victim_liblockfile.h"

/* Results of the library. */
#define TMPLOCK 2
#define MAXTRYS 4

#define FIRST_SLEEP INT64_C(5000000000) /* ns, of the library */

#undef RULES
#undef RULES_SHORT
#undef RULES_TRY
#define RULES "liblockfile */portlock-test-*/x.lock timeout=100000"
#define RULES_SHORT "liblockfile */portlock-test-*/x.lock timeout=0.05"
#define RULES_TRY "liblockfile */portlock-test-*/x.lock timeout=0"

static struct child *start(const struct lockfile *file, const char *rules)
{
	struct child *victim =
		victim_start("victim_liblockfile", file->name, rules);

	require(victim_do(victim, LIB_load) == 0);
	return victim;
}

static struct child *start_holder(const struct lockfile *file,
				  const char *rules)
{
	struct child *victim = start(file, rules);

	require(victim_do(victim, LIB_create) == 0);
	return victim;
}

static int setup(void **state)
{
	struct lockfile *file;

	if (lockfile_setup(state) < 0)
		return -1;
	file = *state;
	snprintf(file->key, sizeof(file->key), "liblockfile:%s", file->name);
	return 0;
}

static int group_setup(void **state)
{
	struct child *victim;

	victim_group_setup(state);
	victim = victim_start("victim_liblockfile", "/x.lock", BARE);
	if (victim_do(victim, LIB_load) != 0) {
		print_message("skipped: there is no liblockfile.so.1 (Debian: "
			      "liblockfile1)\n");
		exit(77);
	}
	child_end(victim);
	return 0;
}

/* ---- waiting ------------------------------------------------------------- */

static void bare_a_waiter_sleeps_on_when_the_file_is_gone(void **state)
{
	struct lockfile *file = *state;
	struct child *holder = start_holder(file, BARE);
	struct child *waiter = start(file, BARE);
	int64_t begin = now_ns();

	say(waiter, LIB_create);
	wait_asleep(waiter->pid);
	assert_int_equal(victim_do(holder, LIB_remove), 0);
	sleep_ns(10 * MOMENT);
	/* Unless this test took as long as it sleeps. */
	assert_true(!has_said(waiter) || now_ns() - begin >= FIRST_SLEEP);
}

static void waiters_go_on_in_order(void **state)
{
	static const int creates[] = { LIB_create, LIB_create_pid,
				       LIB_mail_lock, LIB_create };
	struct lockfile *file = *state;
	struct child *holder = start_holder(file, RULES);
	struct child *waiters[4];

	/* The first has the turnstile, and the others are in its queue. */
	for (int i = 0; i < 4; i++) {
		waiters[i] = start(file, RULES);
		say(waiters[i], creates[i]);
		if (i == 0)
			wait_for_gate(file->key);
		else
			wait_for_queue(file->key, i);
	}
	for (int i = 0; i < 4; i++) {
		struct child *last = i ? waiters[i - 1] : holder;

		assert_true(lockfile_exists(file));
		assert_int_equal(
			victim_do(last, i == 3 ? LIB_mail_unlock : LIB_remove),
			0);
		assert_int_equal(hear(waiters[i]), 0);
		for (int later = i + 1; later < 4; later++)
			assert_false(has_said(waiters[later]));
	}
	assert_false(gate_is_bound(file->key));
	assert_int_equal(victim_do(waiters[3], LIB_remove), 0);
}

static void another_process_may_remove_the_file(void **state)
{
	struct lockfile *file = *state;
	struct child *holder = start_holder(file, RULES);
	struct child *waiter = start(file, RULES);

	assert_int_equal(child_end(holder), 0);
	assert_true(lockfile_exists(file));
	say(waiter, LIB_create);
	wait_for_gate(file->key);
	wait_asleep(waiter->pid);
	assert_int_equal(unlink(file->name), 0);
	assert_int_equal(hear(waiter), 0);
	assert_true(lockfile_exists(file));
}

static void all_exclude_each_other(void **state)
{
	struct lockfile *file = *state;
	long *counter = victim_share();
	struct child *victims[4];

	for (int i = 0; i < 4; i++)
		victims[i] = start(file, RULES);
	for (int i = 0; i < 4; i++)
		say(victims[i], LIB_count);
	for (int i = 0; i < 4; i++)
		assert_int_equal(hear(victims[i]), 0);
	assert_int_equal(*counter, 4 * VICTIM_LIBLOCKFILE_ROUNDS);
	victim_unshare();
}

static void with_a_key_all_that_has_it_waits(void **state)
{
	struct lockfile *file = *state;
	struct child *holder, *waiter, *other;
	char key[64], rules[256], timed[256];

	snprintf(key, sizeof(key), "portlock-test-library-%d", (int)getpid());
	snprintf(rules, sizeof(rules), "%s key=%s", RULES, key);
	snprintf(timed, sizeof(timed), "%s key=%s", RULES_SHORT, key);
	other = contender_start(key, "unix");
	holder = start_holder(file, rules);
	waiter = start(file, rules);
	assert_int_equal(contender_try(other), -EBUSY);
	assert_int_equal(victim_do(holder, LIB_remove), 0);
	assert_int_equal(contender_try(other), 0);
	/* There is no file, and it is as if there were. */
	assert_int_equal(victim_do(start(file, timed), LIB_create), MAXTRYS);
	assert_false(lockfile_exists(file));
	say(waiter, LIB_create);
	wait_asleep(waiter->pid);
	assert_false(has_said(waiter));
	contender_release(other);
	assert_int_equal(hear(waiter), 0);
	assert_int_equal(contender_try(other), -EBUSY);
	assert_int_equal(child_end(waiter), 0);
	assert_int_equal(contender_try(other), 0);
	assert_true(lockfile_exists(file));
}

/* ---- not waiting --------------------------------------------------------- */

static void the_rule_says_who_waits_and_not_the_retries(void **state)
{
	struct lockfile *file = *state;
	struct child *holder = start_holder(file, RULES);
	struct child *other = start(file, RULES_TRY);
	struct child *waiter = start(file, RULES);

	assert_int_equal(victim_do(other, LIB_create), MAXTRYS);
	assert_int_equal(victim_do(other, LIB_try), MAXTRYS);
	say(waiter, LIB_try);
	wait_for_gate(file->key);
	wait_asleep(waiter->pid);
	assert_int_equal(victim_do(holder, LIB_remove), 0);
	assert_int_equal(hear(waiter), 0);
}

static void the_wait_ends_in_the_code_of_the_library(void **state)
{
	struct lockfile *file = *state;
	struct child *other = start(file, RULES_SHORT);
	int64_t begin;

	start_holder(file, RULES);
	begin = now_ns();
	assert_int_equal(victim_do(other, LIB_create), MAXTRYS);
	assert_true(now_ns() - begin >= 50000000);
}

static void what_fails_otherwise_fails_at_once(void **state)
{
	struct lockfile *file = *state;
	struct child *victim = start(file, "liblockfile *");

	assert_int_equal(victim_do(victim, LIB_create_nowhere), TMPLOCK);
}

static void without_a_rule_the_library_is_alone(void **state)
{
	static const char *const rules[] = { "", "liblockfile /x", "sem *" };
	struct lockfile *file = *state;

	for (int i = 0; i < 3; i++) {
		struct child *victim = start_holder(file, rules[i]);

		assert_false(is_marked(file->name));
		assert_int_equal(victim_do(victim, LIB_try), MAXTRYS);
		assert_int_equal(victim_do(victim, LIB_remove), 0);
		assert_int_equal(victim_do(victim, LIB_mail_lock), 0);
		assert_int_equal(victim_do(victim, LIB_mail_unlock), 0);
		assert_false(lockfile_exists(file));
	}
}

/* ---- files that were left ------------------------------------------------ */

static void the_file_of_a_killed_maker_is_replaced(void **state)
{
	struct lockfile *file = *state;
	struct child *holder = start_holder(file, RULES);
	struct child *waiter = start(file, RULES);

	if (!is_marked(file->name)) {
		print_message("skipped: no extended attributes here\n");
		skip();
	}
	say(waiter, LIB_create);
	wait_for_gate(file->key);
	wait_asleep(waiter->pid);
	child_kill(holder);
	assert_int_equal(hear(waiter), 0);
	child_kill(waiter);
	assert_int_equal(victim_do(start(file, RULES), LIB_create), 0);
}

static void what_a_maker_leaves_on_purpose_stays(void **state)
{
	struct lockfile *file = *state;

	assert_int_equal(child_end(start_holder(file, RULES)), 0);
	assert_false(is_marked(file->name));
	assert_int_equal(victim_do(start(file, RULES_SHORT), LIB_create),
			 MAXTRYS);
	assert_true(lockfile_exists(file));
}

/* The file has a number in it; that nobody has it any more, nothing tells. */
static void the_file_of_a_dead_process_goes_while_it_is_waited_for(void **state)
{
	struct lockfile *file = *state;
	struct child *owner = start(file, BARE);
	struct child *waiter = start(file, RULES);

	assert_int_equal(victim_do(owner, LIB_create_pid), 0);
	say(waiter, LIB_create_pid);
	wait_for_gate(file->key);
	wait_asleep(waiter->pid);
	child_kill(owner);
	assert_int_equal(hear(waiter), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, setup, lockfile_teardown)
		TEST(bare_a_waiter_sleeps_on_when_the_file_is_gone),
		TEST(waiters_go_on_in_order),
		TEST(another_process_may_remove_the_file),
		TEST(all_exclude_each_other),
		TEST(with_a_key_all_that_has_it_waits),
		TEST(the_rule_says_who_waits_and_not_the_retries),
		TEST(the_wait_ends_in_the_code_of_the_library),
		TEST(what_fails_otherwise_fails_at_once),
		TEST(without_a_rule_the_library_is_alone),
		TEST(the_file_of_a_killed_maker_is_replaced),
		TEST(what_a_maker_leaves_on_purpose_stays),
		TEST(the_file_of_a_dead_process_goes_while_it_is_waited_for),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
