/* SPDX-License-Identifier: MIT */
/* test_thread_signals.c - signal handlers and cancellation in the middle. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "support/support.h"
#include "support/thread.h"

/* What the handler releases. */
static portlock_t *_Atomic released_by_handler;
static atomic_int handled;

static void release_in_handler(int number)
{
	(void)number;
	portlock_release(atomic_load(&released_by_handler));
	atomic_fetch_add(&handled, 1);
}

static void handle_signals(portlock_t *lock)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = release_in_handler;
	action.sa_flags = SA_RESTART;
	atomic_store(&released_by_handler, lock);
	atomic_store(&handled, 0);
	require(sigaction(SIGUSR1, &action, NULL) == 0);
}

static void a_release_without_a_lock_does_nothing(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *holder = contender_start(key->text, "tcp");

	assert_int_equal(portlock_release(lock), 0);
	assert_int_equal(contender_acquire(holder, -1), 0);
	assert_int_equal(portlock_release(lock), 0);
	assert_int_equal(portlock_try_lock(lock), -EBUSY);
	contender_release(holder);
	assert_int_equal(portlock_acquire(lock), 0);
	assert_int_equal(portlock_release(lock), 0);
	assert_int_equal(portlock_release(lock), 0);
	assert_int_equal(contender_try(holder), 0);
	portlock_close(lock);
}

static void a_signal_handler_may_release(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *other = contender_start(key->text, "tcp");

	assert_int_equal(portlock_acquire(lock), 0);
	contender_queue(other, key->text, -1);
	handle_signals(lock);
	errno = ENOTTY;
	raise(SIGUSR1);
	assert_int_equal(errno, ENOTTY);
	assert_false(portlock_has_locked(lock));
	assert_int_equal(contender_result(other), 0);
	portlock_close(lock);
}

struct two {
	portlock_t *held, *wanted;
	atomic_int tid;
	atomic_bool stop;
	int count;
};

static void *hold_one_and_wait_for_the_other(void *argument)
{
	struct two *two = argument;

	require(portlock_acquire(two->held) == 0);
	atomic_store(&two->tid, gettid());
	require(portlock_acquire_for(two->wanted, -1) == 0);
	require(portlock_release(two->wanted) == 0);
	return NULL;
}

static void
a_handler_that_interrupts_the_wait_for_another_lock_may_release(void **state)
{
	struct key *key = *state;
	struct key other_key;
	struct two two = { .held = open_lock(key->text, "tcp") };
	struct child *holder, *other = contender_start(key->text, "tcp");
	pthread_t thread;

	key_make(&other_key);
	two.wanted = open_lock(other_key.text, "tcp");
	holder = contender_start(other_key.text, "tcp");
	assert_int_equal(contender_acquire(holder, -1), 0);
	handle_signals(two.held);
	thread = thread_start(hold_one_and_wait_for_the_other, &two);
	wait_for_queue(other_key.text, 1);
	wait_asleep(atomic_load(&two.tid));
	contender_queue(other, key->text, -1);
	pthread_kill(thread, SIGUSR1);
	assert_int_equal(contender_result(other), 0);
	contender_release(holder);
	thread_end(thread);
	portlock_close(two.held);
	portlock_close(two.wanted);
	key_free(&other_key);
}

static void *acquire_both_again_and_again(void *argument)
{
	struct two *two = argument;

	for (int i = 0; i < two->count; i++) {
		int error = portlock_acquire_for(two->held, -1);

		require(error == 0 || error == -EDEADLK);
		require(portlock_acquire_for(two->wanted, -1) == 0);
		require(portlock_has_locked(two->wanted));
		require(portlock_release(two->wanted) == 0);
	}
	atomic_store(&two->stop, true);
	return NULL;
}

/* The handler meets every stage of acquire and release of both handles. */
static void a_handler_may_release_at_any_moment(void **state)
{
	struct key *key = *state;
	struct key other_key;
	struct guarded *guarded = shared_memory(2 * sizeof(*guarded));
	struct two two = { .count = rounds(2000) };
	struct child *one, *other;
	pthread_t thread;

	key_make(&other_key);
	two.held = open_lock(key->text, "tcp");
	two.wanted = open_lock(other_key.text, "unix");
	one = contender_start(key->text, "tcp");
	other = contender_start(other_key.text, "tcp");
	contender_stress(one, &guarded[0], two.count);
	contender_stress(other, &guarded[1], two.count);
	handle_signals(two.held);
	thread = thread_start(acquire_both_again_and_again, &two);
	while (!atomic_load(&two.stop)) {
		int seen = atomic_load(&handled);

		pthread_kill(thread, SIGUSR1);
		while (atomic_load(&handled) == seen && !atomic_load(&two.stop))
			sched_yield();
	}
	thread_end(thread);
	portlock_release(two.held);
	assert_int_equal(contender_result(one), 0);
	assert_int_equal(contender_result(other), 0);
	assert_int_equal(contender_try(one), 0);
	assert_int_equal(contender_try(other), 0);
	portlock_close(two.held);
	portlock_close(two.wanted);
	key_free(&other_key);
}

static void *acquire_then_end_if_cancelled(void *argument)
{
	struct waiter *waiter = argument;

	atomic_store(&waiter->tid, gettid());
	waiter->result = portlock_acquire_for(waiter->lock, -1);
	pthread_testcancel();
	return NULL;
}

static void assert_cancelled(struct waiter *waiter)
{
	void *result;

	assert_int_equal(pthread_join(waiter->thread, &result), 0);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	assert_int_equal(waiter->result, 0);
	assert_true(portlock_has_locked(waiter->lock));
}

static void a_cancelled_thread_goes_on_waiting_and_loses_nothing(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_start(key->text, "tcp");
	struct waiter waiter = { .lock = open_lock(key->text, "tcp"),
				 .result = -1 };

	assert_int_equal(contender_acquire(holder, -1), 0);
	waiter.thread = thread_start(acquire_then_end_if_cancelled, &waiter);
	wait_for_queue(key->text, 1);
	wait_asleep(atomic_load(&waiter.tid));
	pthread_cancel(waiter.thread);
	contender_release(holder);
	assert_cancelled(&waiter);
	assert_int_equal(contender_try(holder), -EBUSY);
	portlock_release(waiter.lock);
	assert_int_equal(contender_try(holder), 0);
	portlock_close(waiter.lock);
}

static void *cancel_itself_and_acquire(void *argument)
{
	pthread_cancel(pthread_self());
	return acquire_then_end_if_cancelled(argument);
}

static void no_function_acts_on_a_cancellation_that_waits(void **state)
{
	struct key *key = *state;
	struct waiter waiter = { .lock = open_lock(key->text, "tcp"),
				 .result = -1 };

	waiter.thread = thread_start(cancel_itself_and_acquire, &waiter);
	assert_cancelled(&waiter);
	portlock_close(waiter.lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_release_without_a_lock_does_nothing),
		with_key(a_signal_handler_may_release),
		with_key(
			a_handler_that_interrupts_the_wait_for_another_lock_may_release),
		with_key(a_handler_may_release_at_any_moment),
		with_key(a_cancelled_thread_goes_on_waiting_and_loses_nothing),
		with_key(no_function_acts_on_a_cancellation_that_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
