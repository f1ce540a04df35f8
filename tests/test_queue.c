/* SPDX-License-Identifier: MIT */
/* test_queue.c - the order of waiters, and what is left of a lock. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "support.h"

#define WAITERS 20

/* Who had the lock, in order. */
struct log {
	atomic_int length;
	atomic_int entries[WAITERS];
};

struct waiter {
	int index;
	const char *key;
	portlock_t *lock; /* that of all threads */
	struct log *log;
	atomic_int tid;
};

static void wait_and_log(struct waiter *waiter, portlock_t *lock)
{
	int error = portlock_acquire_for(lock, -1);

	require(error == 0);
	waiter->log->entries[waiter->log->length++] = waiter->index;
	portlock_release(lock);
}

static void waiter_process(struct child *parent, void *argument)
{
	struct waiter *waiter = argument;
	portlock_t *lock = open_lock(waiter->key, "tcp");

	hear(parent);
	wait_and_log(waiter, lock);
	portlock_close(lock);
}

static void *waiter_thread(void *argument)
{
	struct waiter *waiter = argument;

	waiter->tid = gettid();
	wait_and_log(waiter, waiter->lock);
	return NULL;
}

static bool has_tid(void *argument)
{
	struct waiter *waiter = argument;

	return waiter->tid != 0;
}

/* Even ones are processes, odd ones threads of this process. */
static void twenty_waiters_are_served_in_order(void **state)
{
	struct key *key = *state;
	struct log *log = shared_memory(sizeof(*log));
	struct child *holder = contender_start(key->text, "tcp");
	struct waiter waiters[WAITERS] = { 0 };
	struct child *processes[WAITERS];
	pthread_t threads[WAITERS];
	portlock_t *lock = open_lock(key->text, "tcp");

	for (int i = 0; i < WAITERS; i++) {
		waiters[i] = (struct waiter){ i, key->text, lock, log, 0 };
		if (i % 2 == 0)
			processes[i] = child_start(waiter_process, &waiters[i]);
	}
	assert_int_equal(contender_try(holder), 0);
	for (int i = 0; i < WAITERS; i++) {
		if (i % 2 == 0) {
			waiters[i].tid = processes[i]->pid;
			say(processes[i], 1);
		} else {
			pthread_create(&threads[i], NULL, waiter_thread,
				       &waiters[i]);
			wait_until(has_tid, &waiters[i]);
		}
		wait_for_queue(key->text, i + 1);
		wait_asleep(waiters[i].tid);
	}
	contender_release(holder);

	for (int i = 0; i < WAITERS; i++) {
		if (i % 2 == 0)
			assert_int_equal(child_end(processes[i]), 0);
		else
			pthread_join(threads[i], NULL);
	}
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(log->entries[i], i);
	portlock_close(lock);
}

static void tokens_grow_from_holder_to_holder(void **state)
{
	struct key *key = *state;
	struct child *first = contender_start(key->text, "tcp");
	struct child *second = contender_start(key->text, "unix");
	uint64_t last = 0;

	for (int i = 0; i < 20; i++) {
		struct child *holder = i % 2 == 0 ? first : second;
		struct child *waiter = i % 2 == 0 ? second : first;

		if (i == 0)
			assert_int_equal(contender_try(holder), 0);
		assert_true(contender_token(holder) > last);
		last = contender_token(holder);
		contender_queue(waiter, key->text, -1);
		contender_release(holder);
		assert_int_equal(contender_result(waiter), 0);
	}
	/* Also when it was free in between, and when its holder died. */
	assert_true(contender_token(first) > last);
	last = contender_token(first);
	contender_release(first);
	assert_int_equal(contender_try(second), 0);
	assert_true(contender_token(second) > last);
	last = contender_token(second);
	contender_queue(first, key->text, -1);
	child_kill(second);
	assert_int_equal(contender_result(first), 0);
	assert_true(contender_token(first) > last);
}

static void only_the_handle_that_holds_has_locked_and_a_token(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, NULL);
	portlock_t *other = open_lock(key->text, NULL);

	for (int i = 0; i < 2; i++) {
		assert_false(portlock_has_locked(lock));
		assert_int_equal(portlock_token(lock), 0);
		assert_int_equal(portlock_acquire(lock), 0);
		assert_true(portlock_has_locked(lock));
		assert_true(portlock_token(lock) != 0);
		assert_false(portlock_has_locked(other));
		assert_int_equal(portlock_token(other), 0);
		assert_int_equal(portlock_release(other), 0);
		assert_true(portlock_has_locked(lock));
		assert_int_equal(portlock_release(lock), 0);
		assert_int_equal(portlock_release(lock), 0);
	}
	assert_false(portlock_has_locked(lock));
	portlock_close(other);
	portlock_close(lock);
}

static void a_released_lock_leaves_nothing_bound_or_open(void **state)
{
	static const char *const transports[] = { "tcp", "unix" };
	struct key *key = *state;

	for (int i = 0; i < 2; i++) {
		struct child *waiter =
			contender_start(key->text, transports[i]);
		int before = open_fds(0);
		portlock_t *lock = open_lock(key->text, transports[i]);

		assert_int_equal(portlock_acquire(lock), 0);
		portlock_release(lock);
		assert_false(gate_is_bound(key->text));
		assert_int_equal(ports_bound(key), 0);
		assert_int_equal(open_fds(0), before);

		/* After a hand-over, too. */
		assert_int_equal(portlock_acquire(lock), 0);
		contender_queue(waiter, key->text, -1);
		portlock_release(lock);
		assert_int_equal(contender_result(waiter), 0);
		contender_release(waiter);
		assert_false(gate_is_bound(key->text));
		assert_int_equal(ports_bound(key), 0);
		portlock_close(lock);
		assert_int_equal(open_fds(0), before);
		assert_int_equal(child_end(waiter), 0);
	}
}

static void a_waiter_in_the_middle_that_gives_up_is_skipped(void **state)
{
	struct key *key = *state;
	struct child *contenders[4];

	for (int i = 0; i < 4; i++)
		contenders[i] = contender_start(key->text, "tcp");
	assert_int_equal(contender_try(contenders[0]), 0);
	contender_queue(contenders[1], key->text, -1);
	contender_begin(contenders[2], 20);
	assert_int_equal(contender_result(contenders[2]), -ETIMEDOUT);
	contender_queue(contenders[3], key->text, -1);
	contender_release(contenders[0]);
	assert_int_equal(contender_result(contenders[1]), 0);
	assert_false(has_said(contenders[3]));
	contender_release(contenders[1]);
	assert_int_equal(contender_result(contenders[3]), 0);
}

static void eight_processes_lose_no_count(const struct key *key,
					  const char *const transports[2])
{
	struct guarded *guarded = shared_memory(sizeof(*guarded));
	struct child *contenders[8];
	int count = rounds(2000);

	for (int i = 0; i < 8; i++)
		contenders[i] = contender_start(key->text, transports[i % 2]);
	for (int i = 0; i < 8; i++)
		contender_stress(contenders[i], guarded, count);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(contender_result(contenders[i]), 0);
		assert_int_equal(child_end(contenders[i]), 0);
	}
	assert_int_equal(guarded->violations, 0);
	assert_int_equal(guarded->value, 8 * count);
}

static void eight_tcp_processes_lose_no_count(void **state)
{
	eight_processes_lose_no_count(*state, (const char *[]){ "tcp", "tcp" });
}

static void eight_unix_processes_lose_no_count(void **state)
{
	eight_processes_lose_no_count(*state,
				      (const char *[]){ "unix", "unix" });
}

static void eight_mixed_processes_lose_no_count(void **state)
{
	eight_processes_lose_no_count(*state,
				      (const char *[]){ "unix", "tcp" });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(twenty_waiters_are_served_in_order),
		with_key(tokens_grow_from_holder_to_holder),
		with_key(only_the_handle_that_holds_has_locked_and_a_token),
		with_key(a_released_lock_leaves_nothing_bound_or_open),
		with_key(a_waiter_in_the_middle_that_gives_up_is_skipped),
		with_key(eight_tcp_processes_lose_no_count),
		with_key(eight_unix_processes_lose_no_count),
		with_key(eight_mixed_processes_lose_no_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
