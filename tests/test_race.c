/* SPDX-License-Identifier: MIT */
/* test_race.c - the grant meets the end of the wait: the waiter has the lock
 * or it is free, whichever came first.
 *
 * A waiter picks a moment at which its wait ends; the holder releases around
 * that moment: earlier after a round that the waiter lost, later after one
 * that it won, so that most rounds happen where the two meet.
 */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/internal.h"
#include "support.h"

#define USEC INT64_C(1000)
#define WAIT (150 * USEC)
#define STEP (3 * USEC)
#define JITTER (20 * USEC)

/* What ends the wait. */
enum end { DEADLINE, SIGNAL, DESCRIPTOR };

struct race {
	const char *key;
	enum end end;
	int error;		/* of a wait that ended so */
	int event;		/* the descriptor */
	_Atomic int64_t moment; /* 0: not yet known */
};

static void ignore(int signal)
{
	(void)signal;
}

static int64_t wait_once(struct race *race, portlock_t *lock)
{
	struct pl_wait how = { .deadline = PL_NEVER,
			       .sleep = 10 * PL_MSEC,
			       .queue = true,
			       .interruptible = race->end == SIGNAL,
			       .watch = -1 };
	int64_t moment = now_ns() + WAIT;

	if (race->end == DEADLINE)
		how.deadline = moment;
	if (race->end == DESCRIPTOR)
		how.watch = race->event;
	race->moment = moment;
	return pl_acquire(lock, &how);
}

static void waiter(struct child *parent, void *argument)
{
	struct race *race = argument;
	portlock_t *lock = open_lock(race->key, "tcp");
	int64_t command;

	signal(SIGUSR1, ignore);
	say(parent, 0);
	while (hear_or_end(parent, &command)) {
		say(parent, wait_once(race, lock));
		hear(parent);
		require(portlock_release(lock) == 0);
		say(parent, 0);
	}
	portlock_close(lock);
}

static void spin_until(int64_t moment)
{
	while (now_ns() < moment)
		sched_yield();
}

static void end_wait(const struct race *race, const struct child *child)
{
	uint64_t one = 1;

	if (race->end == SIGNAL)
		kill(child->pid, SIGUSR1);
	if (race->end == DESCRIPTOR)
		require(write(race->event, &one, sizeof(one)) == sizeof(one));
}

static void forget_event(const struct race *race)
{
	uint64_t value;

	if (race->end == DESCRIPTOR)
		require(read(race->event, &value, sizeof(value)) ==
			sizeof(value));
}

/* Releases and ends the wait, in the order of their times.  Returns whether
 * the lock was sent to the waiter: a hand-over leaves its connection. */
static bool release_around(const struct race *race, const struct child *child,
			   portlock_t *lock, int64_t offset)
{
	bool sent;

	if (offset >= 0) {
		spin_until(race->moment);
		end_wait(race, child);
	}
	spin_until(race->moment + offset);
	portlock_release(lock);
	sent = lock->parting[PL_WENT] >= 0;
	if (offset < 0) {
		spin_until(race->moment);
		end_wait(race, child);
	}
	return sent;
}

/* Returns whether the waiter got the lock; this process has it, before and
 * after. */
static bool run_round(struct race *race, struct child *child, portlock_t *lock,
		      int64_t offset)
{
	int64_t result;
	bool sent;

	race->moment = 0;
	say(child, 1);
	while (race->moment == 0)
		sched_yield();
	sent = release_around(race, child, lock, offset);
	result = hear(child);
	forget_event(race);
	assert_true(result == 0 || (result == race->error && !sent));
	if (result == 0)
		assert_int_equal(portlock_try_lock(lock), -EBUSY);
	else
		assert_int_equal(portlock_try_lock(lock), 0);

	say(child, 1); /* release what you have */
	hear(child);
	if (result == 0)
		assert_int_equal(portlock_try_lock(lock), 0);
	return result == 0;
}

static void no_round_loses_the_lock(struct race *race, int count)
{
	portlock_t *lock = open_lock(race->key, "tcp");
	struct child *child = child_start(waiter, race);
	unsigned seed = (unsigned)getpid();
	int64_t offset = 0;
	int won = 0;

	hear(child);
	assert_int_equal(portlock_try_lock(lock), 0);
	for (int i = 0; i < count; i++) {
		int64_t jitter = rand_r(&seed) % (2 * JITTER + 1) - JITTER;

		if (run_round(race, child, lock, offset + jitter)) {
			won++;
			offset += offset < WAIT ? STEP : 0;
		} else {
			offset -= offset > -WAIT ? STEP : 0;
		}
	}
	if (!is_slow())
		assert_in_range(won, 1, count - 1);
	portlock_close(lock);
	assert_int_equal(child_end(child), 0);
}

static void a_timeout_and_a_grant_never_lose_the_lock(void **state)
{
	struct race *race = shared_memory(sizeof(*race));

	race->key = ((struct key *)*state)->text;
	race->end = DEADLINE;
	race->error = -ETIMEDOUT;
	no_round_loses_the_lock(race, rounds(10000));
}

static void a_signal_and_a_grant_never_lose_the_lock(void **state)
{
	struct race *race = shared_memory(sizeof(*race));

	race->key = ((struct key *)*state)->text;
	race->end = SIGNAL;
	race->error = -EINTR;
	no_round_loses_the_lock(race, rounds(2000));
}

static void a_watched_descriptor_and_a_grant_never_lose_the_lock(void **state)
{
	struct race *race = shared_memory(sizeof(*race));

	race->key = ((struct key *)*state)->text;
	race->end = DESCRIPTOR;
	race->error = -ECANCELED;
	race->event = eventfd(0, EFD_CLOEXEC);
	require(race->event >= 0);
	no_round_loses_the_lock(race, rounds(2000));
	close(race->event);
}

/* A crowd in which many give up while the lock comes by. */
struct crowd {
	const char *key;
	struct guarded guarded;
	atomic_int won, lost;
};

static void try_with_short_patience(struct child *parent, void *argument)
{
	struct crowd *crowd = argument;
	portlock_t *lock = open_lock(crowd->key, getpid() % 2 ? "tcp" : "unix");
	unsigned seed = (unsigned)getpid();

	(void)parent;
	for (int i = 0; i < rounds(500); i++) {
		int error = portlock_acquire_for(lock, rand_r(&seed) % 3);

		require(error == 0 || error == -ETIMEDOUT);
		if (error < 0) {
			crowd->lost++;
			continue;
		}
		crowd->won++;
		guarded_touch(&crowd->guarded);
		spin_until(now_ns() + rand_r(&seed) % (1000 * USEC));
		portlock_release(lock);
	}
	portlock_close(lock);
}

static void short_timeouts_in_a_crowd_lose_no_lock(void **state)
{
	struct key *key = *state;
	struct crowd *crowd = shared_memory(sizeof(*crowd));
	struct child *children[6];
	portlock_t *lock = open_lock(key->text, "tcp");

	crowd->key = key->text;
	for (int i = 0; i < 6; i++)
		children[i] = child_start(try_with_short_patience, crowd);
	for (int i = 0; i < 6; i++)
		assert_int_equal(child_end(children[i]), 0);
	assert_int_equal(crowd->guarded.violations, 0);
	assert_int_equal(crowd->guarded.value, crowd->won);
	assert_true(crowd->won > 0 && crowd->lost > 0);
	assert_int_equal(portlock_try_lock(lock), 0);
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_timeout_and_a_grant_never_lose_the_lock),
		with_key(a_signal_and_a_grant_never_lose_the_lock),
		with_key(a_watched_descriptor_and_a_grant_never_lose_the_lock),
		with_key(short_timeouts_in_a_crowd_lose_no_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
