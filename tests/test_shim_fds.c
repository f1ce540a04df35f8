/* SPDX-License-Identifier: MIT */
/* test_shim_fds.c - programs that close or overwrite descriptors which they do
 * not know keep what they hold under the shim, and see no other numbers.
 */
#include "config.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/support.h"
#include "support/victim.h"
#include "victim_fds.h"

struct fixture {
	char name[64], key[72];
	struct child *victim; /* holds the semaphore */
	int hidden;	      /* descriptors of the shim in it */
};

static int setup(void **state)
{
	static int number;
	static struct fixture fixture;
	struct rlimit limit;

	/* Loops over all descriptors are what is tested; keep them short. */
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 1024;
	setrlimit(RLIMIT_NOFILE, &limit);
	snprintf(fixture.name, sizeof(fixture.name), "/portlock-test-fds-%d-%d",
		 (int)getpid(), ++number);
	snprintf(fixture.key, sizeof(fixture.key), "sem:%s", fixture.name);
	fixture.victim = victim_start("victim_fds", fixture.name,
				      "sem /portlock-test-* transport=tcp");
	assert_int_equal(victim_do(fixture.victim, FDS_take), 0);
	fixture.hidden = victim_do(fixture.victim, FDS_hidden);
	assert_int_equal(fixture.hidden, 3); /* gate and two ports */
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	children_kill();
	sem_unlink(fixture->name);
	return gate_is_bound(fixture->key) ? -1 : 0;
}

/* The lock is whole: nobody gets it, and afterwards it can be given, taken and
 * given again. */
static void assert_undamaged(struct fixture *fixture)
{
	struct child *other = contender_start(fixture->key, "tcp");

	assert_int_equal(victim_do(fixture->victim, FDS_hidden),
			 fixture->hidden);
	assert_int_equal(contender_try(other), -EBUSY);
	assert_int_equal(victim_do(fixture->victim, FDS_give), 0);
	assert_int_equal(victim_do(fixture->victim, FDS_hidden), 0);
	assert_int_equal(contender_try(other), 0);
	contender_release(other);
	assert_int_equal(victim_do(fixture->victim, FDS_take), 0);
	assert_int_equal(contender_try(other), -EBUSY);
	contender_queue(other, fixture->key, -1);
	assert_int_equal(victim_do(fixture->victim, FDS_give), 0);
	assert_int_equal(contender_result(other), 0);
	child_end(other);
}

static void the_programs_numbers_do_not_shift(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(victim_do(fixture->victim, FDS_lowest), 3);
	assert_true(victim_do(fixture->victim, FDS_highest) >= 1024 - 80);
}

static void under_a_low_limit_the_lock_still_works(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(victim_do(fixture->victim, FDS_give), 0);
	assert_int_equal(victim_do(fixture->victim, FDS_few), 0);
	assert_int_equal(victim_do(fixture->victim, FDS_take), 0);
	assert_int_equal(victim_do(fixture->victim, FDS_lowest), 3);
	assert_int_equal(victim_do(fixture->victim, FDS_close_each), 0);
	assert_undamaged(fixture);
}

static void closefrom_passes_it_by(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(victim_do(fixture->victim, FDS_closefrom), 0);
	assert_undamaged(fixture);
}

static void close_range_passes_it_by(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(victim_do(fixture->victim, FDS_close_range), 0);
	assert_int_equal(victim_do(fixture->victim, FDS_close_range_cloexec),
			 0);
	assert_int_equal(victim_do(fixture->victim, FDS_close_range_exact), 0);
	assert_int_equal(victim_do(fixture->victim, FDS_close_range_wrong),
			 EINVAL);
	assert_undamaged(fixture);
}

static void closefrom_without_close_range_passes_it_by(void **state)
{
	struct fixture *fixture = *state;

	/* Under valgrind libc's closefrom() then never ends: it closes what
	 * /proc shows until that shows nothing, and valgrind keeps its own. */
	if (is_slow() || victim_do(fixture->victim, FDS_no_close_range) != 0)
		skip();
	assert_int_equal(victim_do(fixture->victim, FDS_close_range), ENOSYS);
	assert_int_equal(victim_do(fixture->victim, FDS_closefrom), 0);
	assert_undamaged(fixture);
}

static void a_loop_of_closes_passes_it_by(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(victim_do(fixture->victim, FDS_close_each), 0);
	assert_undamaged(fixture);
}

static void closing_it_finds_nothing_there(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(victim_do(fixture->victim, FDS_close_hidden),
			 3 * EBADF);
	assert_undamaged(fixture);
}

static void copying_it_finds_nothing_there(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(victim_do(fixture->victim, FDS_dup_from_hidden),
			 3 * EBADF);
	assert_int_equal(victim_do(fixture->victim, FDS_dup_hidden), 3 * EBADF);
	assert_undamaged(fixture);
}

static void dup2_onto_it_makes_it_move(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(victim_do(fixture->victim, FDS_dup2_over_each), 0);
	assert_undamaged(fixture);
}

static void dup3_onto_it_makes_it_move(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(victim_do(fixture->victim, FDS_dup3_over_each), 0);
	assert_undamaged(fixture);
}

static void a_failing_dup2_leaves_it_alone(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(victim_do(fixture->victim, FDS_dup2_nothing),
			 3 * EBADF);
	assert_undamaged(fixture);
}

static void a_vfork_child_does_not_change_its_parent(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(victim_do(fixture->victim, FDS_close_in_vfork), 0);
	assert_undamaged(fixture);
}

static void a_child_without_fork_handlers_can_close_its_copies(void **state)
{
	struct fixture *fixture = *state;
	struct child *other = contender_start(fixture->key, "tcp");

	assert_int_equal(victim_do(fixture->victim, FDS_close_in_raw_child), 0);
	assert_int_equal(contender_try(other), -EBUSY);
	assert_int_equal(victim_do(fixture->victim, FDS_give), 0);
	assert_int_equal(contender_try(other), 0);
	assert_int_equal(victim_do(fixture->victim, FDS_raw_child_ends), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(the_programs_numbers_do_not_shift),
		TEST(under_a_low_limit_the_lock_still_works),
		TEST(closefrom_passes_it_by),
		TEST(close_range_passes_it_by),
		TEST(closefrom_without_close_range_passes_it_by),
		TEST(a_loop_of_closes_passes_it_by),
		TEST(closing_it_finds_nothing_there),
		TEST(copying_it_finds_nothing_there),
		TEST(dup2_onto_it_makes_it_move),
		TEST(dup3_onto_it_makes_it_move),
		TEST(a_failing_dup2_leaves_it_alone),
		TEST(a_vfork_child_does_not_change_its_parent),
		TEST(a_child_without_fork_handlers_can_close_its_copies),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
