/* SPDX-License-Identifier: MIT */
/* test_shim_tie.c - the shim's ties of what it holds to descriptors; its own
 * functions, without any hook.
 */
#include "config.h"

#include <pthread.h>
#include <sched.h>

#include "support/hold.h"
#include "support/support.h"
#include "support/thread.h"

#define TIED 200 /* descriptors that nobody has */

static const struct hold_wait joins = { .scope = HOLD_BY_PROCESS,
					.deadline = PL_NEVER };

static void end_tie(int fd)
{
	struct tie_end end;

	if (tie_close_begin(fd, &end))
		tie_close_finish(&end);
}

static void take_and_tie(struct shim_hold *hold, int fd, enum tie_kind kind)
{
	require(hold_take(hold, &hold_rule, &joins) == 0);
	require(tie_make(fd, kind, hold));
}

static void a_tie_ends_with_its_last_copy(void **state)
{
	struct shim_hold *hold = hold_of("/a");

	(void)state;
	take_and_tie(hold, TIED, TIE_OPEN);
	tie_copy(TIED, TIED + 1);
	tie_copy(TIED + 1, TIED + 5);
	assert_ptr_equal(tie_find(TIED + 5, TIE_OPEN), hold);
	assert_null(tie_find(TIED + 5, TIE_FLOCK));
	assert_int_equal(tie_next(TIED + 2, ~0u), TIED + 5);
	assert_int_equal(tie_next(0, TIED - 1), -1);
	end_tie(TIED);
	end_tie(TIED);
	end_tie(TIED + 5);
	assert_true(hold_count(hold) > 0);
	end_tie(TIED + 1);
	assert_int_equal(hold_count(hold), 0);
	assert_int_equal(tie_next(0, ~0u), -1);
	hold_put(hold);
}

static void a_cut_ends_it_for_all_copies(void **state)
{
	struct shim_hold *hold = hold_of("/a");

	(void)state;
	take_and_tie(hold, TIED, TIE_FLOCK);
	take_and_tie(hold, TIED, TIE_OPEN);
	tie_copy(TIED, TIED + 1);
	assert_false(tie_make(TIED, TIE_FLOCK, hold)); /* has one */
	tie_cut(TIED + 1, TIE_FLOCK);
	assert_null(tie_find(TIED, TIE_FLOCK));
	assert_true(hold_count(hold) > 0);
	/* And it can be taken again. */
	take_and_tie(hold, TIED, TIE_FLOCK);
	assert_ptr_equal(tie_find(TIED + 1, TIE_FLOCK), hold);
	end_tie(TIED);
	assert_true(hold_count(hold) > 0);
	end_tie(TIED + 1);
	assert_int_equal(hold_count(hold), 0);
	hold_put(hold);
}

/* Two threads that meet: awake, or they would come one after the other. */
static atomic_int turn_of_other, turn_done;

static void meet(atomic_int *word, int turn)
{
	while (atomic_load(word) < turn)
		sched_yield();
}

static void *end_one(void *fd)
{
	for (int turn = 1; turn <= rounds(20000); turn++) {
		meet(&turn_of_other, turn);
		end_tie((int)(intptr_t)fd);
		atomic_store(&turn_done, turn);
	}
	return NULL;
}

static void assert_closed_once(int first, int second)
{
	struct shim_hold *hold = hold_of("/a");
	pthread_t thread;

	turn_of_other = turn_done = 0;
	thread = thread_start(end_one, (void *)(intptr_t)first);
	for (int turn = 1; turn <= rounds(20000); turn++) {
		take_and_tie(hold, TIED, TIE_OPEN);
		tie_copy(TIED, TIED + 1);
		atomic_store(&turn_of_other, turn);
		/* The other one has a way of its own to go. */
		for (volatile int delay = turn % 300; delay > 0; delay--)
			continue;
		end_tie(second);
		meet(&turn_done, turn);
		if (first == second)
			end_tie(TIED + 1);
		require(hold_count(hold) == 0);
	}
	thread_end(thread);
	hold_put(hold);
}

static void copies_that_end_at_once_end_it(void **state)
{
	(void)state;
	assert_closed_once(TIED, TIED + 1);
}

static void who_is_closed_twice_at_once_counts_once(void **state)
{
	(void)state;
	assert_closed_once(TIED, TIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, hold_setup, hold_teardown)
		TEST(a_tie_ends_with_its_last_copy),
		TEST(a_cut_ends_it_for_all_copies),
		TEST(copies_that_end_at_once_end_it),
		TEST(who_is_closed_twice_at_once_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
