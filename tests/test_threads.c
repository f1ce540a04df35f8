/* SPDX-License-Identifier: MIT */
/* test_threads.c - threads contend for a lock as processes do. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "support/support.h"
#include "support/thread.h"

#define THREADS 8
#define OTHERS 4

static const char *const transports[] = { "tcp", "unix" };

/* What a group of contending threads shares. */
struct race {
	struct guarded *guarded;
	int *plain; /* for thread sanitizers: not atomic at all */
	int count;
};

struct racer {
	struct race *race;
	portlock_t *lock;
};

static void *run_race(void *argument)
{
	struct racer *racer = argument;
	struct race *race = racer->race;

	for (int i = 0; i < race->count; i++) {
		require(portlock_acquire_for(racer->lock, -1) == 0);
		guarded_touch(race->guarded);
		++*race->plain;
		require(portlock_release(racer->lock) == 0);
	}
	return NULL;
}

/* One thread on each of the handles, and processes beside them. */
static void race_on(portlock_t *const locks[THREADS], const char *key)
{
	struct guarded *guarded = shared_memory(sizeof(*guarded));
	int plain = 0;
	struct race race = { guarded, &plain, rounds(500) };
	struct child *others[OTHERS];
	struct racer racers[THREADS];
	pthread_t threads[THREADS];

	for (int i = 0; i < OTHERS; i++)
		others[i] = contender_start(key, transports[i % 2]);
	for (int i = 0; i < OTHERS; i++)
		contender_stress(others[i], guarded, race.count);
	for (int i = 0; i < THREADS; i++) {
		racers[i] = (struct racer){ &race, locks[i] };
		threads[i] = thread_start(run_race, &racers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		thread_end(threads[i]);
	for (int i = 0; i < OTHERS; i++) {
		assert_int_equal(contender_result(others[i]), 0);
		assert_int_equal(child_end(others[i]), 0);
	}
	assert_int_equal(guarded->violations, 0);
	assert_int_equal(guarded->value, (THREADS + OTHERS) * race.count);
	assert_int_equal(plain, THREADS * race.count);
}

static void threads_on_one_handle_exclude_each_other_and_processes(void **state)
{
	struct key *key = *state;
	portlock_t *locks[THREADS];

	locks[0] = open_lock(key->text, "tcp");
	for (int i = 1; i < THREADS; i++)
		locks[i] = locks[0];
	race_on(locks, key->text);
	portlock_close(locks[0]);
}

static void
threads_on_many_handles_exclude_each_other_and_processes(void **state)
{
	struct key *key = *state;
	portlock_t *locks[THREADS];

	for (int i = 0; i < THREADS; i++)
		locks[i] = open_lock(key->text, transports[i % 2]);
	race_on(locks, key->text);
	for (int i = 0; i < THREADS; i++)
		portlock_close(locks[i]);
}

/* In the order in which they got the lock. */
struct order {
	atomic_int count;
	int who[2 * THREADS];
};

struct queuer {
	struct order *order;
	portlock_t *lock;
	int number;
};

static void *take_turn(void *argument)
{
	struct queuer *queuer = argument;

	require(portlock_acquire_for(queuer->lock, -1) == 0);
	queuer->order->who[atomic_fetch_add(&queuer->order->count, 1)] =
		queuer->number;
	portlock_release(queuer->lock);
	return NULL;
}

struct process_queuer {
	struct order *order;
	const char *key;
	int number;
};

static void take_turn_in_a_process(struct child *parent, void *argument)
{
	struct process_queuer *asked = argument;
	struct queuer queuer = { asked->order, open_lock(asked->key, "tcp"),
				 asked->number };

	(void)parent;
	take_turn(&queuer);
	portlock_close(queuer.lock);
}

static void
threads_and_processes_are_served_in_their_order_of_arrival(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct order *order = shared_memory(sizeof(*order));
	struct queuer queuers[THREADS];
	pthread_t threads[THREADS];
	struct child *children[THREADS];

	assert_int_equal(portlock_acquire(lock), 0);
	for (int i = 0; i < THREADS; i++) {
		struct process_queuer asked = { order, key->text, 2 * i + 1 };

		queuers[i] = (struct queuer){ order, lock, 2 * i };
		threads[i] = thread_start(take_turn, &queuers[i]);
		wait_for_queue(key->text, 2 * i + 1);
		children[i] = child_start(take_turn_in_a_process, &asked);
		wait_for_queue(key->text, 2 * i + 2);
	}
	portlock_release(lock);
	for (int i = 0; i < THREADS; i++) {
		thread_end(threads[i]);
		assert_int_equal(child_end(children[i]), 0);
	}
	assert_int_equal(order->count, 2 * THREADS);
	for (int i = 0; i < 2 * THREADS; i++)
		assert_int_equal(order->who[i], i);
	portlock_close(lock);
}

static void any_thread_may_release(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *other = contender_start(key->text, "tcp");

	assert_int_equal(acquire_on_a_thread(lock, -1), 0);
	assert_true(portlock_has_locked(lock));
	assert_true(portlock_token(lock) != 0);
	assert_int_equal(contender_try(other), -EBUSY);
	assert_int_equal(portlock_release(lock), 0);
	assert_false(portlock_has_locked(lock));
	assert_int_equal(contender_try(other), 0);
	assert_int_equal(child_end(other), 0);
	portlock_close(lock);
}

static void the_timeout_covers_waiting_for_another_thread(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	int64_t start;

	assert_int_equal(portlock_acquire(lock), 0);
	start = now_ns();
	assert_int_equal(acquire_on_a_thread(lock, 50), -ETIMEDOUT);
	assert_true(now_ns() - start >= INT64_C(50000000));
	assert_true(portlock_has_locked(lock));
	portlock_release(lock);
	assert_int_equal(acquire_on_a_thread(lock, 50), 0);
	portlock_close(lock);
}

static void a_waiting_thread_does_not_keep_others_from_the_handle(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *holder = contender_start(key->text, "tcp");
	struct waiter waiter;

	assert_int_equal(contender_acquire(holder, -1), 0);
	waiter_queue(&waiter, lock, key->text);
	assert_false(portlock_has_locked(lock));
	assert_int_equal(portlock_try_lock(lock), -EBUSY);
	assert_int_equal(portlock_acquire_for(lock, 1), -ETIMEDOUT);
	assert_int_equal(portlock_release(lock), 0);
	contender_release(holder);
	assert_int_equal(waiter_end(&waiter), 0);
	assert_int_equal(contender_try(holder), -EBUSY);
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(
			threads_on_one_handle_exclude_each_other_and_processes),
		with_key(
			threads_on_many_handles_exclude_each_other_and_processes),
		with_key(
			threads_and_processes_are_served_in_their_order_of_arrival),
		with_key(any_thread_may_release),
		with_key(the_timeout_covers_waiting_for_another_thread),
		with_key(a_waiting_thread_does_not_keep_others_from_the_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
