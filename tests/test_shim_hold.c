/* SPDX-License-Identifier: MIT */
/* test_shim_hold.c - the portlocks that the shim holds for other locks:
 * its own functions, without any hook.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shim/hold_table.h"
#include "support/hold.h"
#include "support/support.h"
#include "support/thread.h"

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

/* Through these one process gives it to another, and asks a child meanwhile. */
static int between[2];
static struct child *asked;
static bool was_inside;

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

/* ---- counts -------------------------------------------------------------- */

static void it_ends_with_the_last_drop(void **state)
{
	struct shim_hold *hold = hold_of("/a");
	struct shim_hold *same = hold_of("/b");

	(void)state;
	assert_ptr_equal(hold, same); /* the key is */
	for (int i = 0; i < 3; i++)
		assert_int_equal(hold_take(hold, &hold_rule, &alone), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(hold_count(hold) > 0);
		assert_true(gate_is_bound(hold_key->text));
		hold_drop(hold);
	}
	assert_int_equal(hold_count(hold), 0);
	assert_false(gate_is_bound(hold_key->text));
	hold_drop(hold); /* one too many */
	assert_int_equal(hold_take(hold, &hold_rule, &tries), 0);
	hold_drop(hold);
	assert_false(gate_is_bound(hold_key->text));
	hold_put(hold);
	hold_put(same);
}

static void other_threads_join_what_is_everybodys(void **state)
{
	struct shim_hold *hold = hold_of("/a");

	(void)state;
	assert_int_equal(hold_take(hold, &hold_rule, &alone), 0);
	assert_int_equal(take_on_a_thread(hold, &hold_rule, &tries), -EBUSY);
	assert_int_equal(take_on_a_thread(hold, &hold_rule, &tries_to_join), 0);
	hold_drop(hold);
	assert_true(gate_is_bound(hold_key->text));
	hold_drop(hold);
	assert_false(gate_is_bound(hold_key->text));
	hold_put(hold);
}

static void hold_until_exit(struct child *parent, void *unused)
{
	struct shim_hold *hold = hold_of("/a");
	struct shim_rule until_exit = hold_rule;

	(void)unused;
	until_exit.until_exit = true;
	require(hold_take(hold, &until_exit, &joins) == 0);
	hold_drop(hold);
	require(hold_count(hold) > 0);
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
	assert_true(gate_is_bound(hold_key->text));
	say(child, 0);
	assert_int_equal(child_end(child), 0);
	assert_false(gate_is_bound(hold_key->text));
}

/* ---- who waits ----------------------------------------------------------- */

static void who_waits_gets_it_in_the_end(void **state)
{
	struct shim_hold *hold = hold_of("/a");
	struct child *holder = contender_start(hold_key->text, "unix");
	struct other other = { .hold = hold,
			       .rule = &hold_rule,
			       .wait = &alone };

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
	struct shim_rule short_rule = hold_rule;
	struct hold_wait short_wait = joins;
	struct shim_hold *hold = hold_of("/a");
	struct child *holder = contender_start(hold_key->text, "unix");
	struct other other = { .hold = hold,
			       .rule = &hold_rule,
			       .wait = &joins };

	(void)state;
	short_rule.timeout_ms = 20;
	short_wait.deadline = pl_deadline_after(20);
	assert_int_equal(contender_acquire(holder, -1), 0);
	assert_int_equal(hold_take(hold, &short_rule, &joins), -ETIMEDOUT);
	assert_int_equal(hold_take(hold, &hold_rule, &short_wait), -ETIMEDOUT);
	/* The same while another thread is waiting in the queue. */
	start_waiting(&other);
	assert_int_equal(hold_take(hold, &short_rule, &joins), -ETIMEDOUT);
	short_wait.deadline = pl_deadline_after(20);
	assert_int_equal(hold_take(hold, &hold_rule, &short_wait), -ETIMEDOUT);
	assert_int_equal(hold_take(hold, &hold_rule, &tries), -EBUSY);
	contender_release(holder);
	thread_end(other.thread);
	assert_int_equal(other.result, 0);
	hold_drop(hold);
	hold_put(hold);
}

/* They wait for another process, and then the first one has it for all. */
static void all_threads_join_what_one_waited_for(void **state)
{
	const struct shim_rule *const rules[] = { &hold_rule, &hold_rule,
						  &hold_rule };
	struct shim_hold *hold = hold_of("/a");
	struct child *holder = contender_start(hold_key->text, "unix");
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
	struct shim_hold *hold = hold_of("/a");
	struct shim_rule short_rule = hold_rule;
	portlock_t *lock = open_lock(hold_key->text, "unix");
	struct other other = { .hold = hold,
			       .rule = &hold_rule,
			       .wait = &joins };

	(void)state;
	short_rule.timeout_ms = 20;
	assert_int_equal(portlock_acquire(lock), 0);
	assert_int_equal(take_on_a_thread(hold, &short_rule, &joins),
			 -ETIMEDOUT);
	/* The thread itself has no need of it. */
	assert_int_equal(hold_take(hold, &hold_rule, &joins), HOLD_WITHOUT);
	start_waiting(&other);
	portlock_release(lock);
	thread_end(other.thread);
	assert_int_equal(other.result, 0);
	hold_drop(hold);
	portlock_close(lock);
	hold_put(hold);
}

/* ---- children ------------------------------------------------------------ */

static void take_as_child(struct child *parent, void *argument)
{
	struct shim_hold *hold = argument;

	require(hold_count(hold) == 0);
	hold_drop(hold); /* not ours */
	say(parent, hold_take(hold, &hold_rule, &joins));
	hear(parent);
	say(parent, hold_take(hold, &hold_rule, &joins));
	hear(parent);
}

static void a_child_is_inside_until_its_parent_lets_go(void **state)
{
	struct shim_hold *hold = hold_of("/a");
	struct child *child;

	(void)state;
	assert_int_equal(hold_take(hold, &hold_rule, &joins), 0);
	child = child_start(take_as_child, hold);
	assert_int_equal(hear(child), HOLD_WITHOUT);
	assert_true(gate_is_bound(hold_key->text));
	hold_drop(hold);
	assert_false(gate_is_bound(hold_key->text));
	say(child, 0);
	assert_int_equal(hear(child), 0);
	assert_int_equal(hold_take(hold, &hold_rule, &tries), -EBUSY);
	say(child, 0);
	assert_int_equal(child_end(child), 0);
	hold_put(hold);
}

/* It stays a worker of what its parent had then. */
static void a_child_of_an_earlier_hold_is_kept_out(void **state)
{
	struct shim_hold *hold = hold_of("/a");
	struct child *child;

	(void)state;
	assert_int_equal(hold_take(hold, &hold_rule, &joins), 0);
	child = child_start(take_as_child, hold);
	assert_int_equal(hear(child), HOLD_WITHOUT);
	hold_drop(hold);
	assert_int_equal(hold_take(hold, &hold_rule, &joins), 0);
	say(child, 0);
	wait_for_queue(hold_key->text, 1);
	hold_drop(hold);
	assert_int_equal(hear(child), 0);
	say(child, 0);
	assert_int_equal(child_end(child), 0);
	hold_put(hold);
}

static void ask_about_parent(struct child *parent, void *unused)
{
	struct pl_address address;
	int64_t number;

	(void)unused;
	pl_address_of_key(&address, hold_key->text);
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
	struct shim_hold *hold = hold_of("/a");
	struct child *next = contender_start(hold_key->text, "unix");
	struct child *child;

	(void)state;
	assert_int_equal(hold_take(hold, &hold_rule, &joins), 0);
	child = child_start(ask_about_parent, NULL);
	assert_true(child_is_inside(child));
	contender_queue(next, hold_key->text, -1);
	assert_true(child_is_inside(child));
	hold_drop(hold);
	assert_int_equal(contender_result(next), 0);
	assert_false(child_is_inside(child));
	assert_int_equal(child_end(child), 0);
	hold_put(hold);
}

/* ---- going away ---------------------------------------------------------- */

/* Only for a cluster's is there more than this host to tell of the end; how that
 * is taken makes no difference. */
static struct shim_hold *take_as_of_a_cluster(void)
{
	struct shim_hold *hold = hold_of("/a");

	require(hold_take(hold, &hold_rule, &alone) == 0);
	hold->lock.transport = PL_ETCD;
	require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			   between) == 0);
	return hold;
}

static void put_as_it_was(struct shim_hold *hold)
{
	hold->lock.transport = PL_UNIX;
	hold_put(hold);
	close(between[0]);
	close(between[1]);
}

static ssize_t ask_and_send(int fd, const struct msghdr *message, int flags)
{
	was_inside = child_is_inside(asked);
	return sendmsg(fd, message, flags);
}

/* What it was held for is let go by then. */
static void nobody_is_inside_of_what_is_given(void **state)
{
	const struct pl_ops *shims_ops = pl_ops;
	struct shim_hold *hold = take_as_of_a_cluster();
	struct pl_ops ops = *pl_ops;

	(void)state;
	asked = child_start(ask_about_parent, NULL);
	assert_true(child_is_inside(asked));
	assert_true(hold_tell_end(hold, true));
	ops.sendmsg = ask_and_send;
	pl_ops = &ops;
	was_inside = true;
	shutdown(between[1], SHUT_RDWR);
	assert_false(hold_give(hold, between[0], 1));
	pl_ops = shims_ops;
	assert_false(was_inside);
	assert_false(child_is_inside(asked));
	assert_int_equal(hold_count(hold), 1);
	assert_true(hold_tell_end(hold, false));
	assert_true(child_is_inside(asked));
	assert_int_equal(child_end(asked), 0);
	hold_drop(hold);
	put_as_it_was(hold);
}

static void adopt(struct child *parent, void *unused)
{
	struct shim_hold *hold = hold_of("/a");

	(void)unused;
	hold->lock.transport = PL_UNIX; /* as what comes is of none */
	hear(parent);
	require(hold_adopt(hold, between[1]));
	hold_join(hold);
	asked = child_start(ask_about_parent, NULL);
	say(parent, child_is_inside(asked));
	hear(parent);
	hold->lock.transport = PL_ETCD;
	require(hold_tell_end(hold, true));
	say(parent, child_is_inside(asked));
	hear(parent);
}

static void children_of_who_was_given_it_are_inside(void **state)
{
	struct shim_hold *hold = take_as_of_a_cluster();
	struct child *heir = child_start(adopt, NULL);

	(void)state;
	assert_true(hold_tell_end(hold, true));
	assert_true(hold_give(hold, between[0], 1));
	say(heir, 0);
	assert_true(hear(heir));
	say(heir, 0);
	assert_false(hear(heir));
	say(heir, 0);
	assert_int_equal(child_end(heir), 0);
	put_as_it_was(hold);
}

/* ---- the table ----------------------------------------------------------- */

#define MANY 1000 /* keys: the table has fewer places */

static struct shim_hold *hold_number(int number)
{
	struct shim_rule rule = hold_rule;
	char name[96];

	rule.key = NULL;
	snprintf(name, sizeof(name), "/%s-%d", hold_key->text, number);
	return hold_get(&rule, name);
}

static void who_is_not_in_use_makes_room(void **state)
{
	(void)state;
	for (int i = 0; i < MANY; i++) {
		struct shim_hold *hold = hold_number(i);

		assert_non_null(hold);
		assert_int_equal(hold_take(hold, &hold_rule, &tries), 0);
		assert_int_equal(hold_count(hold), 1);
		hold_drop(hold);
		hold_put(hold);
	}
}

static void who_is_in_use_stays(void **state)
{
	static struct shim_hold *holds[MANY];
	struct shim_hold *again;
	int count = 0;

	(void)state;
	while (count < MANY && (holds[count] = hold_number(count)))
		count++;
	assert_in_range(count, 1, MANY - 1);
	again = hold_number(0);
	assert_ptr_equal(again, holds[0]);
	hold_put(again);
	hold_put(holds[--count]);
	again = hold_number(MANY);
	assert_ptr_equal(again, holds[count]);
	hold_put(again);
	while (count > 0)
		hold_put(holds[--count]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, hold_setup, hold_teardown)
		TEST(it_ends_with_the_last_drop),
		TEST(other_threads_join_what_is_everybodys),
		TEST(with_hold_exit_it_ends_with_the_process),
		TEST(who_waits_gets_it_in_the_end),
		TEST(a_limit_ends_a_wait),
		TEST(all_threads_join_what_one_waited_for),
		TEST(what_another_handle_has_is_waited_for),
		TEST(a_child_is_inside_until_its_parent_lets_go),
		TEST(a_child_of_an_earlier_hold_is_kept_out),
		TEST(who_let_go_is_no_holder),
		TEST(nobody_is_inside_of_what_is_given),
		TEST(children_of_who_was_given_it_are_inside),
		TEST(who_is_not_in_use_makes_room),
		TEST(who_is_in_use_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
