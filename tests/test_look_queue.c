/* SPDX-License-Identifier: MIT */
/* test_look_queue.c - who waits for a lock, in which order, and that a look
 * disturbs nobody.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "support/looked.h"
#include "support/support.h"

#define WAITERS 5

static void assert_queue(const char *key, struct child *const *waiters,
			 int count)
{
	struct look seen;
	struct look_lock *lock = look_at(&seen, key);

	assert_int_equal(lock->waiter_count, count);
	for (int i = 0; i < count; i++) {
		assert_int_equal(lock->waiters[i].pid, waiters[i]->pid);
		assert_int_equal(lock->waiters[i].uid, geteuid());
		assert_true(is_this_program(lock->waiters[i].command));
	}
	look_free(&seen);
}

static void queue_up(struct child **waiters, const char *key)
{
	for (int i = 0; i < WAITERS; i++)
		waiters[i] = contender_start(key, i % 2 ? "tcp" : "unix");
	/* Not in the order of their pids. */
	for (int i = 0; i < WAITERS / 2; i++) {
		struct child *waiter = waiters[i];

		waiters[i] = waiters[WAITERS - 1 - i];
		waiters[WAITERS - 1 - i] = waiter;
	}
	for (int i = 0; i < WAITERS; i++) {
		contender_begin(waiters[i], -1);
		wait_for_queue(key, i + 1);
		wait_asleep(waiters[i]->pid);
	}
}

static void waiters_are_seen_in_their_order_and_not_disturbed(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_start(key->text, "tcp");
	struct child *waiters[WAITERS];

	assert_int_equal(contender_try(holder), 0);
	queue_up(waiters, key->text);
	for (int i = 0; i < rounds(20); i++)
		assert_queue(key->text, waiters, WAITERS);
	assert_int_equal(gate_queue(key->text), WAITERS);
	contender_release(holder);
	for (int i = 0; i < WAITERS; i++) {
		assert_int_equal(contender_result(waiters[i]), 0);
		for (int j = i + 1; j < WAITERS; j++)
			assert_false(has_said(waiters[j]));
		assert_queue(key->text, waiters + i + 1, WAITERS - i - 1);
		contender_release(waiters[i]);
	}
}

static void who_died_or_gave_up_in_the_queue_does_not_count(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_start(key->text, "tcp");
	struct child *killed = contender_start(key->text, "tcp");
	struct child *late = contender_start(key->text, "tcp");
	struct child *alive = contender_start(key->text, "tcp");

	assert_int_equal(contender_try(holder), 0);
	contender_queue(killed, key->text, -1);
	contender_begin(late, 1);
	assert_int_equal(contender_result(late), -ETIMEDOUT);
	contender_begin(alive, -1);
	wait_for_queue(key->text, 3);
	wait_asleep(alive->pid);
	child_kill(killed);
	assert_queue(key->text, &alive, 1);
	assert_int_equal(gate_queue(key->text), 3);
}

static void a_look_leaves_no_descriptor(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_start(key->text, "tcp");
	struct child *waiters[WAITERS];
	int before;

	assert_int_equal(contender_try(holder), 0);
	queue_up(waiters, key->text);
	before = open_fds(0);
	assert_queue(key->text, waiters, WAITERS);
	assert_int_equal(open_fds(0), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(waiters_are_seen_in_their_order_and_not_disturbed),
		with_key(who_died_or_gave_up_in_the_queue_does_not_count),
		with_key(a_look_leaves_no_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
