/* SPDX-License-Identifier: MIT */
/* test_holder.c - portlock_holder() and portlock_waiters(). */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

static void a_free_lock_has_no_holder_and_no_waiters(void **state)
{
	struct key *key = *state;
	struct portlock_holder holder = PORTLOCK_HOLDER_INIT;
	portlock_t *lock = open_lock(key->text, "tcp");
	size_t count = 7;

	errno = EXDEV;
	assert_int_equal(portlock_holder(lock, &holder), -ENOENT);
	assert_int_equal(portlock_waiters(lock, NULL, 0, &count), -ENOENT);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(count, 0);
	assert_int_equal(holder.process.pid, 0);
	portlock_close(lock);
}

static void the_holder_is_told_to_itself_and_to_others(void **state)
{
	struct key *key = *state;
	struct portlock_holder holder = PORTLOCK_HOLDER_INIT;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *other = contender_start(key->text, "unix");
	int64_t before;

	assert_int_equal(portlock_acquire(lock), 0);
	assert_int_equal(portlock_holder(lock, &holder), 0);
	assert_int_equal(holder.process.pid, getpid());
	assert_int_equal(holder.process.uid, geteuid());
	assert_int_equal(holder.process.state, 'R');
	assert_true(strstr(holder.process.command, "test_holder") ||
		    strstr(holder.process.command, "valgrind"));
	assert_int_equal(holder.ports, 2);
	assert_int_equal(holder.waiters, 0);
	portlock_release(lock);

	before = now_ns();
	assert_int_equal(contender_try(other), 0);
	sleep_ns(20000000);
	assert_int_equal(portlock_holder(lock, &holder), 0);
	assert_int_equal(holder.process.pid, other->pid);
	assert_int_equal(holder.ports, 0);
	assert_true(holder.held_ms >= 20);
	assert_true(holder.held_ms <= (now_ns() - before) / 1000000);
	portlock_close(lock);
}

static void waiters_are_told_as_many_as_there_is_room_for(void **state)
{
	struct key *key = *state;
	struct portlock_holder holder = PORTLOCK_HOLDER_INIT;
	struct portlock_process waiters[4];
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *children[3];
	size_t count;

	for (int i = 0; i < 3; i++)
		children[i] = contender_start(key->text, "tcp");
	assert_int_equal(portlock_acquire(lock), 0);
	for (int i = 0; i < 3; i++) {
		contender_begin(children[i], -1);
		wait_for_queue(key->text, i + 1);
		wait_asleep(children[i]->pid);
	}
	assert_int_equal(portlock_holder(lock, &holder), 0);
	assert_int_equal(holder.waiters, 3);
	for (size_t room = 0; room <= 4; room++) {
		memset(waiters, 0x55, sizeof(waiters));
		assert_int_equal(portlock_waiters(lock, room ? waiters : NULL,
						  room, &count),
				 0);
		assert_int_equal(count, 3);
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(waiters[i].pid,
					 i < room && i < 3 ? children[i]->pid
							   : 0x55555555);
	}
	portlock_close(lock);
}

static void programs_of_later_versions_get_what_this_one_knows(void **state)
{
	struct {
		struct portlock_holder known;
		int64_t appended[2];
	} later;
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");

	memset(&later, 0x55, sizeof(later));
	later.known.size = sizeof(later) - sizeof(later.appended[1]);
	assert_int_equal(portlock_acquire(lock), 0);
	assert_int_equal(portlock_holder(lock, &later.known), 0);
	assert_int_equal(later.known.process.pid, getpid());
	assert_int_equal(later.known.size,
			 sizeof(later) - sizeof(later.appended[1]));
	assert_true(later.appended[0] == 0);
	assert_true(later.appended[1] == 0x5555555555555555);
	portlock_close(lock);
}

static void bad_arguments_are_refused(void **state)
{
	struct key *key = *state;
	struct portlock_holder holder = PORTLOCK_HOLDER_INIT;
	struct portlock_process process;
	portlock_t *lock = open_lock(key->text, "unix");
	size_t count = 0;

	assert_int_equal(portlock_holder(NULL, &holder), -EINVAL);
	assert_int_equal(portlock_holder(lock, NULL), -EINVAL);
	holder.size--;
	assert_int_equal(portlock_holder(lock, &holder), -EINVAL);
	assert_int_equal(portlock_waiters(NULL, &process, 1, &count), -EINVAL);
	assert_int_equal(portlock_waiters(lock, NULL, 1, &count), -EINVAL);
	assert_int_equal(portlock_waiters(lock, &process, 1, NULL), -EINVAL);
	portlock_close(lock);
}

static void without_descriptors_it_says_so(void **state)
{
	struct key *key = *state;
	struct portlock_holder holder = PORTLOCK_HOLDER_INIT;
	portlock_t *lock = open_lock(key->text, "unix");
	int fds[4096], count = 0;

	assert_int_equal(portlock_acquire(lock), 0);
	while (count < 4096 && (fds[count] = dup(0)) >= 0)
		count++;
	for (int left = 0; left < 2 && count < 4096; left++) {
		assert_int_equal(portlock_holder(lock, &holder), -EMFILE);
		close(fds[--count]);
	}
	while (count > 0)
		close(fds[--count]);
	assert_int_equal(portlock_holder(lock, &holder), 0);
	portlock_close(lock);
}

/* Asks both questions while it is to be cancelled; NULL: it was not. */
static void *ask_cancelled(void *lock)
{
	struct portlock_holder holder = PORTLOCK_HOLDER_INIT;
	size_t count;

	pthread_cancel(pthread_self());
	portlock_holder(lock, &holder);
	portlock_waiters(lock, NULL, 0, &count);
	return NULL;
}

static void a_cancelled_thread_has_its_answer_first(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");
	pthread_t thread;
	void *result;

	assert_int_equal(portlock_acquire(lock), 0);
	assert_int_equal(pthread_create(&thread, NULL, ask_cancelled, lock), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_null(result);
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_free_lock_has_no_holder_and_no_waiters),
		with_key(the_holder_is_told_to_itself_and_to_others),
		with_key(waiters_are_told_as_many_as_there_is_room_for),
		with_key(programs_of_later_versions_get_what_this_one_knows),
		with_key(bad_arguments_are_refused),
		with_key(without_descriptors_it_says_so),
		with_key(a_cancelled_thread_has_its_answer_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
