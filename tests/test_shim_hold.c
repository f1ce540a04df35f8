/* SPDX-License-Identifier: MIT */
/* test_shim_hold.c - the portlocks that the shim holds for other locks, and
 * their ties to descriptors; its own functions, without any hook.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "shim/hold.h"
#include "support/support.h"
#include "support/thread.h"

#define TIED 200 /* descriptors that nobody has */

static struct key *key;
static char template[80];

static struct shim_rule rule, until_exit;

static const struct hold_wait joins = { .scope = HOLD_BY_PROCESS,
					.deadline = PL_NEVER };
static const struct hold_wait alone = { .scope = HOLD_BY_THREAD,
					.deadline = PL_NEVER };
static const struct hold_wait tries = { .scope = HOLD_BY_THREAD,
					.never = true,
					.deadline = PL_NEVER };
static const struct hold_wait tries_to_join = { .scope = HOLD_BY_PROCESS,
						.never = true,
						.deadline = PL_NEVER };

static int setup(void **state)
{
	if (key_setup(state) < 0)
		return -1;
	key = *state;
	snprintf(template, sizeof(template), "%s", key->text);
	rule = (struct shim_rule){ .family = SHIM_OPEN,
				   .pattern = "*",
				   .key = template,
				   .timeout_ms = -1,
				   .transport = "unix" };
	until_exit = rule;
	until_exit.until_exit = true;
	return 0;
}

static struct shim_hold *get(const char *name)
{
	struct shim_hold *hold = hold_get(&rule, name);

	require(hold != NULL);
	return hold;
}

/* The connection of the last hand-over goes with the next operation. */
static int teardown(void **state)
{
	struct shim_hold *hold = get("/z");

	if (hold_take(hold, &rule, &tries) == 0)
		hold_drop(hold);
	hold_put(hold);
	return key_teardown(state);
}

struct other {
	struct shim_hold *hold;
	const struct shim_rule *rule;
	const struct hold_wait *wait;
	pthread_t thread;
	atomic_int tid, result;
};

static void *take_it(void *argument)
{
	struct other *other = argument;

	other->tid = gettid();
	other->result = hold_take(other->hold, other->rule, other->wait);
	return NULL;
}

/* What another thread gets. */
static int take_on_a_thread(struct shim_hold *hold, const struct shim_rule *by,
			    const struct hold_wait *wait)
{
	struct other other = { .hold = hold, .rule = by, .wait = wait };

	thread_end(thread_start(take_it, &other));
	return other.result;
}

static bool has_tid(void *argument)
{
	return ((struct other *)argument)->tid != 0;
}

static void start_waiting(struct other *other)
{
	other->thread = thread_start(take_it, other);
	wait_until(has_tid, other);
	wait_asleep(other->tid);
}

/* ---- counts ---------------------------------------------------------------------- */

static void it_ends_with_the_last_drop(void **state)
{
	struct shim_hold *hold = get("/a");
	struct shim_hold *same = get("/b");

	(void)state;
	assert_ptr_equal(hold, same); /* the key is */
	for (int i = 0; i < 3; i++)
		assert_int_equal(hold_take(hold, &rule, &alone), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(hold_is_held(hold));
		assert_true(gate_is_bound(key->text));
		hold_drop(hold);
	}
	assert_false(hold_is_held(hold));
	assert_false(gate_is_bound(key->text));
	hold_drop(hold); /* one too many */
	assert_int_equal(hold_take(hold, &rule, &tries), 0);
	hold_drop(hold);
	assert_false(gate_is_bound(key->text));
	hold_put(hold);
	hold_put(same);
}

static void other_threads_join_what_is_everybodys(void **state)
{
	struct shim_hold *hold = get("/a");

	(void)state;
	assert_int_equal(hold_take(hold, &rule, &alone), 0);
	assert_int_equal(take_on_a_thread(hold, &rule, &tries), -EBUSY);
	assert_int_equal(take_on_a_thread(hold, &rule, &tries_to_join), 0);
	hold_drop(hold);
	assert_true(gate_is_bound(key->text));
	hold_drop(hold);
	assert_false(gate_is_bound(key->text));
	hold_put(hold);
}

static void hold_until_exit(struct child *parent, void *unused)
{
	struct shim_hold *hold = get("/a");

	(void)unused;
	require(hold_take(hold, &until_exit, &joins) == 0);
	hold_drop(hold);
	require(hold_is_held(hold));
	require(hold_take(hold, &until_exit, &alone) == 0);
	hold_drop(hold);
	say(parent, 0);
	hear(parent);
}

static void with_hold_exit_it_ends_with_the_process(void **state)
{
	struct child *child = child_start(hold_until_exit, NULL);

	(void)state;
	hear(child);
	assert_true(gate_is_bound(key->text));
	say(child, 0);
	assert_int_equal(child_end(child), 0);
	assert_false(gate_is_bound(key->text));
}

/* ---- who waits --------------------------------------------------------------------- */

static void who_waits_gets_it_in_the_end(void **state)
{
	struct shim_hold *hold = get("/a");
	struct child *holder = contender_start(key->text, "unix");
	struct other other = { .hold = hold, .rule = &rule, .wait = &alone };

	(void)state;
	assert_int_equal(contender_acquire(holder, -1), 0);
	start_waiting(&other);
	contender_release(holder);
	thread_end(other.thread);
	assert_int_equal(other.result, 0);
	hold_drop(hold);
	hold_put(hold);
}

static void a_limit_ends_a_wait(void **state)
{
	struct shim_rule short_rule = rule;
	struct hold_wait short_wait = joins;
	struct shim_hold *hold = get("/a");
	struct child *holder = contender_start(key->text, "unix");
	struct other other = { .hold = hold, .rule = &rule, .wait = &joins };

	(void)state;
	short_rule.timeout_ms = 20;
	short_wait.deadline = pl_deadline_after(20);
	assert_int_equal(contender_acquire(holder, -1), 0);
	assert_int_equal(hold_take(hold, &short_rule, &joins), -ETIMEDOUT);
	assert_int_equal(hold_take(hold, &rule, &short_wait), -ETIMEDOUT);
	/* The same while another thread is waiting in the queue. */
	start_waiting(&other);
	assert_int_equal(hold_take(hold, &short_rule, &joins), -ETIMEDOUT);
	short_wait.deadline = pl_deadline_after(20);
	assert_int_equal(hold_take(hold, &rule, &short_wait), -ETIMEDOUT);
	assert_int_equal(hold_take(hold, &rule, &tries), -EBUSY);
	contender_release(holder);
	thread_end(other.thread);
	assert_int_equal(other.result, 0);
	hold_drop(hold);
	hold_put(hold);
}

/* They wait for another process, and then the first one has it for all. */
static void all_threads_join_what_one_waited_for(void **state)
{
	const struct shim_rule *const rules[] = { &rule, &rule, &rule };
	struct shim_hold *hold = get("/a");
	struct child *holder = contender_start(key->text, "unix");
	struct other others[3];

	(void)state;
	assert_int_equal(contender_acquire(holder, -1), 0);
	for (int i = 0; i < 3; i++) {
		others[i] = (struct other){ .hold = hold,
					    .rule = rules[i],
					    .wait = &joins };
		start_waiting(&others[i]);
	}
	contender_release(holder);
	for (int i = 0; i < 3; i++) {
		thread_end(others[i].thread);
		assert_int_equal(others[i].result, 0);
	}
	assert_int_equal(contender_try(holder), -EBUSY);
	for (int i = 0; i < 3; i++)
		hold_drop(hold);
	assert_int_equal(contender_try(holder), 0);
	contender_release(holder);
	hold_put(hold);
}

/* Another family of this process has the key, by a handle of its own. */
static void what_another_handle_has_is_waited_for(void **state)
{
	struct shim_hold *hold = get("/a");
	struct shim_rule short_rule = rule;
	portlock_t *lock = open_lock(key->text, "unix");
	struct other other = { .hold = hold, .rule = &rule, .wait = &joins };

	(void)state;
	short_rule.timeout_ms = 20;
	assert_int_equal(portlock_acquire(lock), 0);
	assert_int_equal(take_on_a_thread(hold, &short_rule, &joins),
			 -ETIMEDOUT);
	/* The thread itself has no need of it. */
	assert_int_equal(hold_take(hold, &rule, &joins), HOLD_WITHOUT);
	start_waiting(&other);
	portlock_release(lock);
	thread_end(other.thread);
	assert_int_equal(other.result, 0);
	hold_drop(hold);
	portlock_close(lock);
	hold_put(hold);
}

/* ---- children ------------------------------------------------------------------------ */

static void take_as_child(struct child *parent, void *argument)
{
	struct shim_hold *hold = argument;

	require(!hold_is_held(hold));
	hold_drop(hold); /* not ours */
	say(parent, hold_take(hold, &rule, &joins));
	hear(parent);
	say(parent, hold_take(hold, &rule, &joins));
	hear(parent);
}

static void a_child_is_inside_until_its_parent_lets_go(void **state)
{
	struct shim_hold *hold = get("/a");
	struct child *child;

	(void)state;
	assert_int_equal(hold_take(hold, &rule, &joins), 0);
	child = child_start(take_as_child, hold);
	assert_int_equal(hear(child), HOLD_WITHOUT);
	assert_true(gate_is_bound(key->text));
	hold_drop(hold);
	assert_false(gate_is_bound(key->text));
	say(child, 0);
	assert_int_equal(hear(child), 0);
	assert_int_equal(hold_take(hold, &rule, &tries), -EBUSY);
	say(child, 0);
	assert_int_equal(child_end(child), 0);
	hold_put(hold);
}

static void ask_about_parent(struct child *parent, void *unused)
{
	struct pl_address address;
	int64_t number;

	(void)unused;
	pl_address_of_key(&address, key->text);
	while (hear_or_end(parent, &number))
		say(parent, shim_is_inside(&address, getppid()));
}

static bool child_is_inside(struct child *child)
{
	say(child, 0);
	return hear(child);
}

/* The kernel may name an ancestor that has handed the key over. */
static void who_let_go_is_no_holder(void **state)
{
	struct shim_hold *hold = get("/a");
	struct child *next = contender_start(key->text, "unix");
	struct child *child;

	(void)state;
	assert_int_equal(hold_take(hold, &rule, &joins), 0);
	child = child_start(ask_about_parent, NULL);
	assert_true(child_is_inside(child));
	contender_queue(next, key->text, -1);
	assert_true(child_is_inside(child));
	hold_drop(hold);
	assert_int_equal(contender_result(next), 0);
	assert_false(child_is_inside(child));
	assert_int_equal(child_end(child), 0);
	hold_put(hold);
}

/* ---- ties ------------------------------------------------------------------------------ */

static void end_tie(int fd)
{
	struct tie_end end;

	if (tie_close_begin(fd, &end))
		tie_close_finish(&end);
}

static void take_and_tie(struct shim_hold *hold, int fd, enum tie_kind kind)
{
	require(hold_take(hold, &rule, &joins) == 0);
	require(tie_make(fd, kind, hold));
}

static void a_tie_ends_with_its_last_copy(void **state)
{
	struct shim_hold *hold = get("/a");

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
	assert_true(hold_is_held(hold));
	end_tie(TIED + 1);
	assert_false(hold_is_held(hold));
	assert_int_equal(tie_next(0, ~0u), -1);
	hold_put(hold);
}

static void a_cut_ends_it_for_all_copies(void **state)
{
	struct shim_hold *hold = get("/a");

	(void)state;
	take_and_tie(hold, TIED, TIE_FLOCK);
	take_and_tie(hold, TIED, TIE_OPEN);
	tie_copy(TIED, TIED + 1);
	assert_false(tie_make(TIED, TIE_FLOCK, hold)); /* has one */
	tie_cut(TIED + 1, TIE_FLOCK);
	assert_null(tie_find(TIED, TIE_FLOCK));
	assert_true(hold_is_held(hold));
	/* And it can be taken again. */
	take_and_tie(hold, TIED, TIE_FLOCK);
	assert_ptr_equal(tie_find(TIED + 1, TIE_FLOCK), hold);
	end_tie(TIED);
	assert_true(hold_is_held(hold));
	end_tie(TIED + 1);
	assert_false(hold_is_held(hold));
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
	struct shim_hold *hold = get("/a");
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
		require(!hold_is_held(hold));
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(it_ends_with_the_last_drop),
		TEST(other_threads_join_what_is_everybodys),
		TEST(with_hold_exit_it_ends_with_the_process),
		TEST(who_waits_gets_it_in_the_end),
		TEST(a_limit_ends_a_wait),
		TEST(all_threads_join_what_one_waited_for),
		TEST(what_another_handle_has_is_waited_for),
		TEST(a_child_is_inside_until_its_parent_lets_go),
		TEST(who_let_go_is_no_holder),
		TEST(a_tie_ends_with_its_last_copy),
		TEST(a_cut_ends_it_for_all_copies),
		TEST(copies_that_end_at_once_end_it),
		TEST(who_is_closed_twice_at_once_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
