/* SPDX-License-Identifier: MIT */
/* test_timeout.c - how long an acquire waits, and what ends it early. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "support.h"

#define MSEC INT64_C(1000000)

/* What the lock waits for: each is a wait of its own in the library. */
struct obstacle {
	struct child *holder;
	int fds[2];
};

enum kind { QUEUE, PORTS, SILENT_NAME, KINDS };

static void put_up(struct obstacle *obstacle, const struct key *key,
		   enum kind kind)
{
	*obstacle = (struct obstacle){ NULL, { -1, -1 } };
	switch (kind) {
	case QUEUE:
		obstacle->holder = contender_start(key->text, "tcp");
		require(contender_try(obstacle->holder) == 0);
		break;
	case PORTS:
		for (int i = 0; i < 2; i++)
			obstacle->fds[i] = bind_port(key->ports[i]);
		break;
	default:
		obstacle->fds[0] = bind_gate(key->text);
	}
}

static void remove_obstacle(struct obstacle *obstacle)
{
	if (obstacle->holder)
		child_kill(obstacle->holder);
	for (int i = 0; i < 2; i++)
		if (obstacle->fds[i] >= 0)
			close(obstacle->fds[i]);
}

static int64_t time_of_timeout(portlock_t *lock, int64_t timeout_ms)
{
	int64_t start = now_ns();

	require(portlock_acquire_for(lock, timeout_ms) == -ETIMEDOUT);
	return now_ns() - start;
}

static void no_timeout_comes_before_its_time(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");

	for (int kind = 0; kind < KINDS; kind++) {
		struct obstacle obstacle;

		put_up(&obstacle, key, (enum kind)kind);
		assert_true(time_of_timeout(lock, 1) >= 1 * MSEC);
		assert_true(time_of_timeout(lock, 70) >= 70 * MSEC);
		remove_obstacle(&obstacle);
		assert_int_equal(portlock_try_lock(lock), 0);
		portlock_release(lock);
	}
	portlock_close(lock);
}

static void acquire_waits_as_long_as_the_options_say(void **state)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	struct key *key = *state;
	struct obstacle obstacle;
	portlock_t *lock;
	int64_t start;

	put_up(&obstacle, key, QUEUE);
	options.timeout_ms = 60;
	assert_int_equal(portlock_open(&lock, key->text, &options), 0);
	start = now_ns();
	assert_int_equal(portlock_acquire(lock), -ETIMEDOUT);
	assert_true(now_ns() - start >= 60 * MSEC);
	portlock_close(lock);

	options.timeout_ms = 0;
	assert_int_equal(portlock_open(&lock, key->text, &options), 0);
	assert_int_equal(portlock_acquire(lock), -ETIMEDOUT);
	remove_obstacle(&obstacle);
	assert_int_equal(portlock_acquire(lock), 0);
	portlock_close(lock);
}

static void no_time_is_one_try_and_never_queues(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");

	for (int kind = 0; kind < KINDS; kind++) {
		struct obstacle obstacle;

		put_up(&obstacle, key, (enum kind)kind);
		assert_int_equal(portlock_acquire_for(lock, 0), -ETIMEDOUT);
		assert_int_equal(portlock_acquire_interruptible(lock, 0),
				 -ETIMEDOUT);
		assert_int_equal(portlock_try_lock(lock), -EBUSY);
		assert_int_equal(gate_queue(key->text), 0);
		remove_obstacle(&obstacle);
		assert_int_equal(portlock_acquire_for(lock, 0), 0);
		portlock_release(lock);
		assert_int_equal(portlock_acquire_interruptible(lock, 0), 0);
		portlock_release(lock);
	}
	portlock_close(lock);
}

static void any_negative_or_huge_time_is_for_ever(void **state)
{
	/* The last one is a century, which no 32-bit time_t has. */
	static const int64_t times[] = { -1, INT64_MIN, INT64_MAX,
					 INT64_MAX / 1000000,
					 INT64_C(3200000000000) };
	struct key *key = *state;
	struct child *holder = contender_start(key->text, "tcp");
	struct child *waiter = contender_start(key->text, "tcp");

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_int_equal(contender_try(holder), 0);
		contender_queue(waiter, key->text, times[i]);
		assert_false(has_said(waiter));
		contender_release(holder);
		assert_int_equal(contender_result(waiter), 0);
		contender_release(waiter);
	}
}

/* A child that acquires and whose signal handler counts. */
struct interrupted {
	const struct key *key;
	bool restart;	    /* SA_RESTART */
	bool interruptible; /* else portlock_acquire_for() */
	int64_t timeout_ms;
	atomic_int *handled;
};

static atomic_int *handled;

static void count_signal(int signal)
{
	(void)signal;
	atomic_fetch_add(handled, 1);
}

static void acquire_among_signals(struct child *parent, void *argument)
{
	struct interrupted *how = argument;
	struct sigaction action = { .sa_handler = count_signal };
	portlock_t *lock = open_lock(how->key->text, "tcp");

	handled = how->handled;
	action.sa_flags = how->restart ? SA_RESTART : 0;
	sigaction(SIGUSR1, &action, NULL);
	hear(parent);
	say(parent,
	    how->interruptible
		    ? portlock_acquire_interruptible(lock, how->timeout_ms)
		    : portlock_acquire_for(lock, how->timeout_ms));
	hear(parent);
	portlock_close(lock);
}

/* Lets it wait for the obstacle, in its queue if it has one. */
static struct child *start_interrupted(struct interrupted *how,
				       struct obstacle *obstacle,
				       enum kind kind)
{
	struct child *child;

	how->handled = shared_memory(sizeof(*how->handled));
	child = child_start(acquire_among_signals, how);
	put_up(obstacle, how->key, kind);
	say(child, 1);
	if (kind == QUEUE)
		wait_for_queue(how->key->text, 1);
	wait_asleep(child->pid);
	return child;
}

struct count {
	atomic_int *handled;
	int wanted;
};

static bool was_handled(void *argument)
{
	struct count *count = argument;

	return *count->handled >= count->wanted;
}

static void interrupt(struct child *child, const struct interrupted *how)
{
	struct count count = { how->handled, *how->handled + 1 };

	kill(child->pid, SIGUSR1);
	wait_until(was_handled, &count);
}

static void ends_after_a_signal(const struct key *key, bool restart)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct interrupted how = { key, restart, true, -1, NULL };
		struct obstacle obstacle;
		struct child *child =
			start_interrupted(&how, &obstacle, (enum kind)kind);

		/* Where it pauses and retries, the signal may come in between:
		 * then the next one counts. */
		do
			interrupt(child, &how);
		while (kind != QUEUE && !has_said(child));
		assert_int_equal(hear(child), -EINTR);
		say(child, 1);
		assert_int_equal(child_end(child), 0);
		remove_obstacle(&obstacle);
	}
}

static void interruptible_ends_after_a_handler(void **state)
{
	ends_after_a_signal(*state, false);
}

static void interruptible_ends_after_a_handler_with_sa_restart(void **state)
{
	ends_after_a_signal(*state, true);
}

static void plain_acquire_goes_on_after_handlers(void **state)
{
	for (int i = 0; i < 2 * KINDS; i++) {
		struct interrupted how = { *state, i % 2, false, -1, NULL };
		struct obstacle obstacle;
		struct child *child =
			start_interrupted(&how, &obstacle, (enum kind)(i / 2));

		for (int j = 0; j < 20; j++)
			interrupt(child, &how);
		assert_false(has_said(child));
		remove_obstacle(&obstacle);
		assert_int_equal(hear(child), 0);
		say(child, 1);
		assert_int_equal(child_end(child), 0);
	}
}

/* The deadline is a moment: if each signal began the wait anew, signals that
 * come faster than the timeout would never let it end. */
static void signals_do_not_prolong_a_timeout(void **state)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct interrupted how = { *state, false, false, 100, NULL };
		struct obstacle obstacle;
		struct child *child =
			start_interrupted(&how, &obstacle, (enum kind)kind);

		while (!has_said(child)) {
			kill(child->pid, SIGUSR1);
			sleep_ns(MSEC);
		}
		assert_int_equal(hear(child), -ETIMEDOUT);
		say(child, 1);
		assert_int_equal(child_end(child), 0);
		remove_obstacle(&obstacle);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(no_timeout_comes_before_its_time),
		with_key(acquire_waits_as_long_as_the_options_say),
		with_key(no_time_is_one_try_and_never_queues),
		with_key(any_negative_or_huge_time_is_for_ever),
		with_key(interruptible_ends_after_a_handler),
		with_key(interruptible_ends_after_a_handler_with_sa_restart),
		with_key(plain_acquire_goes_on_after_handlers),
		with_key(signals_do_not_prolong_a_timeout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
