/* SPDX-License-Identifier: MIT */
/* test_deadlock.c - who would wait for itself is told so at once. */
#include "config.h"

#include <errno.h>

#include "support/support.h"
#include "support/thread.h"

/* A handle that this thread holds, and another one of the same key. */
static void take_first(const struct key *key, portlock_t *handles[2],
		       const char *first, const char *second)
{
	handles[0] = open_lock(key->text, first);
	handles[1] = open_lock(key->text, second);
	assert_int_equal(portlock_acquire(handles[0]), 0);
}

static void close_both(portlock_t *handles[2])
{
	portlock_close(handles[0]);
	portlock_close(handles[1]);
}

/* Whichever way it asks; and what it holds stays held. */
static void assert_deadlock(portlock_t *lock)
{
	assert_int_equal(portlock_acquire(lock), -EDEADLK);
	assert_int_equal(portlock_acquire_for(lock, -1), -EDEADLK);
	assert_int_equal(portlock_acquire_for(lock, 0), -EDEADLK);
	assert_int_equal(portlock_acquire_interruptible(lock, -1), -EDEADLK);
	assert_int_equal(portlock_try_lock(lock), -EDEADLK);
}

static void the_owner_cannot_acquire_its_handle_again(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	uint64_t token;

	assert_int_equal(portlock_acquire(lock), 0);
	token = portlock_token(lock);
	assert_deadlock(lock);
	assert_true(portlock_has_locked(lock));
	assert_true(portlock_token(lock) == token);
	portlock_release(lock);
	assert_int_equal(portlock_acquire(lock), 0);
	portlock_close(lock);
}

static void the_owner_cannot_acquire_another_handle_of_the_key(void **state)
{
	static const char *const transports[] = { "tcp", "unix" };
	portlock_t *handles[2];

	for (int first = 0; first < 2; first++)
		for (int second = 0; second < 2; second++) {
			take_first(*state, handles, transports[first],
				   transports[second]);
			assert_deadlock(handles[1]);
			assert_false(portlock_has_locked(handles[1]));
			assert_true(portlock_has_locked(handles[0]));
			portlock_release(handles[0]);
			assert_int_equal(portlock_acquire(handles[1]), 0);
			close_both(handles);
		}
}

static void the_owner_of_one_key_can_acquire_another_key(void **state)
{
	struct key *key = *state;
	struct key other;
	portlock_t *locks[2];

	key_make(&other);
	locks[0] = open_lock(key->text, "tcp");
	locks[1] = open_lock(other.text, "tcp");
	assert_int_equal(portlock_acquire(locks[0]), 0);
	assert_int_equal(portlock_acquire(locks[1]), 0);
	close_both(locks);
	key_free(&other);
}

static void another_thread_waits_instead(void **state)
{
	portlock_t *handles[2];

	for (int i = 0; i < 2; i++) {
		struct waiter waiter;

		take_first(*state, handles, "tcp", "unix");
		assert_int_equal(acquire_on_a_thread(handles[i], 1),
				 -ETIMEDOUT);
		waiter_queue(&waiter, handles[i], ((struct key *)*state)->text);
		portlock_release(handles[0]);
		assert_int_equal(waiter_end(&waiter), 0);
		close_both(handles);
	}
}

static void *release(void *lock)
{
	require(portlock_release(lock) == 0);
	return NULL;
}

static void
after_a_release_by_another_thread_the_owner_can_acquire(void **state)
{
	portlock_t *handles[2];

	take_first(*state, handles, "tcp", "tcp");
	thread_end(thread_start(release, handles[0]));
	assert_int_equal(portlock_acquire(handles[1]), 0);
	thread_end(thread_start(release, handles[1]));
	assert_int_equal(portlock_acquire(handles[0]), 0);
	close_both(handles);
}

/* Even one that has the number, and the memory, of the one that ended. */
static void a_new_thread_is_not_the_owner_that_has_ended(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");

	assert_int_equal(acquire_on_a_thread(lock, -1), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(acquire_on_a_thread(lock, 0), -ETIMEDOUT);
	assert_int_equal(portlock_try_lock(lock), -EBUSY);
	portlock_release(lock);
	assert_int_equal(acquire_on_a_thread(lock, 0), 0);
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(the_owner_cannot_acquire_its_handle_again),
		with_key(the_owner_cannot_acquire_another_handle_of_the_key),
		with_key(the_owner_of_one_key_can_acquire_another_key),
		with_key(another_thread_waits_instead),
		with_key(
			after_a_release_by_another_thread_the_owner_can_acquire),
		with_key(a_new_thread_is_not_the_owner_that_has_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
