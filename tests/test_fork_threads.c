/* SPDX-License-Identifier: MIT */
/* test_fork_threads.c - fork in the middle of what other threads do. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/support.h"
#include "support/thread.h"

#define BUSY 3
#define LIVING 20

static void hear_the_end(struct child *parent)
{
	int64_t number;

	while (hear_or_end(parent, &number))
		;
}

/* ---- threads that are busy in every way ---------------------------------- */

struct busy {
	portlock_t *lock;
	const char *key;
	atomic_bool stop;
	pthread_t threads[BUSY];
};

static void *acquire_and_release(void *argument)
{
	struct busy *busy = argument;

	while (!atomic_load(&busy->stop)) {
		require(portlock_acquire_for(busy->lock, -1) == 0);
		require(portlock_release(busy->lock) == 0);
	}
	return NULL;
}

static void *time_out(void *argument)
{
	struct busy *busy = argument;

	while (!atomic_load(&busy->stop)) {
		int error = portlock_acquire_for(busy->lock, 1);

		require(error == 0 || error == -ETIMEDOUT);
		portlock_release(busy->lock);
	}
	return NULL;
}

static void *open_and_close(void *argument)
{
	struct busy *busy = argument;

	while (!atomic_load(&busy->stop)) {
		portlock_t *lock = open_lock(busy->key, "unix");

		require(portlock_acquire_for(lock, -1) == 0);
		portlock_close(lock);
	}
	return NULL;
}

static void be_busy(struct busy *busy, portlock_t *lock, const char *key)
{
	static void *(*const ways[BUSY])(void *) = { acquire_and_release,
						     time_out, open_and_close };

	busy->lock = lock;
	busy->key = key;
	atomic_store(&busy->stop, false);
	for (int i = 0; i < BUSY; i++)
		busy->threads[i] = thread_start(ways[i], busy);
}

static void be_still(struct busy *busy)
{
	atomic_store(&busy->stop, true);
	for (int i = 0; i < BUSY; i++)
		thread_end(busy->threads[i]);
}

static void live(struct child *parent, void *lock)
{
	require(!portlock_has_locked(lock));
	say(parent, 0);
	hear_the_end(parent);
}

/* The children are still there when the names have to be free. */
static void fork_among_busy_threads(const struct key *key, portlock_t *lock)
{
	struct child *children[LIVING];
	struct busy busy;

	be_busy(&busy, lock, key->text);
	for (int i = 0; i < LIVING; i++) {
		children[i] = child_start(live, lock);
		hear(children[i]);
	}
	be_still(&busy);
	assert_false(portlock_has_locked(lock));
	assert_false(gate_is_bound(key->text));
	assert_int_equal(ports_bound(key), 0);
	for (int i = 0; i < LIVING; i++)
		assert_int_equal(child_end(children[i]), 0);
}

static void children_of_busy_threads_keep_nothing(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");

	for (int i = 0; i < rounds(20); i++)
		fork_among_busy_threads(key, lock);
	portlock_close(lock);
}

static void acquire_release_and_fork(struct child *parent, void *lock)
{
	pid_t pid;

	require(portlock_acquire_for(lock, -1) == 0);
	require(portlock_release(lock) == 0);
	pid = fork();
	if (pid == 0)
		_exit(0);
	require(waitpid(pid, NULL, 0) == pid);
	require(portlock_acquire_for(lock, -1) == 0);
	say(parent, 0);
}

static void children_of_busy_threads_can_acquire_and_fork(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct busy busy;

	be_busy(&busy, lock, key->text);
	for (int i = 0; i < rounds(200); i++) {
		struct child *child =
			child_start(acquire_release_and_fork, lock);

		hear(child);
		assert_int_equal(child_end(child), 0);
	}
	be_still(&busy);
	portlock_close(lock);
}

static void *release_again_and_again(void *argument)
{
	struct busy *busy = argument;

	while (!atomic_load(&busy->stop))
		portlock_release(busy->lock);
	return NULL;
}

static void fork_once_more(struct child *parent, void *argument)
{
	pid_t pid = fork();

	(void)argument;
	if (pid == 0)
		_exit(0);
	say(parent, 0);
}

/* A fork waits for the other threads; its child has none to wait for. */
static void a_child_does_not_wait_for_threads_it_has_not_got(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");
	struct busy busy = { .lock = lock };

	for (int i = 0; i < BUSY; i++)
		busy.threads[i] = thread_start(release_again_and_again, &busy);
	for (int i = 0; i < rounds(200); i++) {
		struct child *child = child_start(fork_once_more, NULL);

		hear(child);
		assert_int_equal(child_end(child), 0);
	}
	be_still(&busy);
	portlock_close(lock);
}

/* ---- fork beside a thread that waits ------------------------------------- */

struct beside {
	const char *key;
	bool die; /* by its own hand, as soon as there is a child */
};

static void fork_beside_a_waiter(struct child *parent, void *argument)
{
	struct beside *beside = argument;
	struct waiter waiter;

	waiter_queue(&waiter, open_lock(beside->key, "tcp"), beside->key);
	say(parent, 0);
	hear(parent);
	if (fork() == 0)
		say(parent, 0);
	else if (beside->die)
		kill(getpid(), SIGKILL);
	hear_the_end(parent);
	_exit(0);
}

static void a_child_has_no_part_in_the_queue_of_its_parent(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct beside beside = { key->text, false };
	struct child *other = contender_start(key->text, "tcp");
	struct child *parent;
	siginfo_t info;

	assert_int_equal(portlock_acquire(lock), 0);
	parent = child_start(fork_beside_a_waiter, &beside);
	hear(parent);
	say(parent, 0);
	hear(parent);
	kill(parent->pid, SIGKILL);
	require(waitid(P_PID, (id_t)parent->pid, &info, WEXITED | WNOWAIT) ==
		0);
	contender_queue(other, key->text, -1);
	portlock_release(lock);
	assert_int_equal(contender_result(other), 0);
	contender_release(other);
	assert_int_equal(contender_try(other), 0);
	assert_int_equal(child_end(other), 0);
	assert_int_equal(child_end(parent), -SIGKILL);
	portlock_close(lock);
}

/* The grant may meet the child before it has let go of the connection. */
static void a_grant_to_a_dead_parent_with_a_child_is_not_lost(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct beside beside = { key->text, true };

	for (int i = 0; i < rounds(100); i++) {
		struct child *parent;

		assert_int_equal(portlock_acquire_for(lock, -1), 0);
		parent = child_start(fork_beside_a_waiter, &beside);
		hear(parent);
		say(parent, 0);
		portlock_release(lock);
		assert_int_equal(portlock_acquire_for(lock, -1), 0);
		portlock_release(lock);
		assert_int_equal(child_end(parent), -SIGKILL);
	}
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(children_of_busy_threads_keep_nothing),
		with_key(children_of_busy_threads_can_acquire_and_fork),
		with_key(a_child_does_not_wait_for_threads_it_has_not_got),
		with_key(a_child_has_no_part_in_the_queue_of_its_parent),
		with_key(a_grant_to_a_dead_parent_with_a_child_is_not_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
