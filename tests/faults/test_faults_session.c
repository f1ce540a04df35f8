/* SPDX-License-Identifier: MIT */
/* test_faults_session.c - faults of transport etcd, with a cluster of the test:
 * each scene again where a session is started, kept, passed on or given up.
 */
#include "config.h"

#include <errno.h>

#include "play.h"
#include "support/cluster.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void open_actor(struct cast *cast)
{
	cast->is_open = order(cast, cast->actor, OPEN, 0) == 0;
	check(cast, cast->is_open, "the actor cannot open");
}

static void acquire(struct cast *cast)
{
	open_actor(cast);
	arm(cast);
	acquire_now(cast, ACQUIRE, cast->patience);
}

static void try(struct cast *cast)
{
	open_actor(cast);
	arm(cast);
	acquire_now(cast, TRY, 0);
}

static void hold(struct cast *cast)
{
	open_actor(cast);
	check(cast, order(cast, cast->actor, ACQUIRE, PATIENT_MS) == 0,
	      "the actor cannot acquire");
}

static void release(struct cast *cast)
{
	hold(cast);
	arm(cast);
	check(cast, order(cast, cast->actor, RELEASE, 0) == 0,
	      "a release fails");
}

/* With the helper that the handle has kept. */
static void acquire_again(struct cast *cast)
{
	hold(cast);
	check(cast, order(cast, cast->actor, RELEASE, 0) == 0,
	      "a release fails");
	arm(cast);
	acquire_now(cast, ACQUIRE, cast->patience);
}

static void pass(struct cast *cast)
{
	hold(cast);
	arm(cast);
	order(cast, cast->actor, PASS, 0);
}

/* The session comes with the gate. */
static void granted(struct cast *cast)
{
	struct child *holder = cast->peers[FIRST];

	check(cast, order(cast, holder, ACQUIRE, PATIENT_MS) == 0,
	      "the holder cannot acquire");
	open_actor(cast);
	arm(cast);
	tell(cast, cast->actor, ACQUIRE, cast->patience);
	await_queue(cast, 1);
	check(cast, order(cast, holder, RELEASE, 0) == 0,
	      "the holder cannot release");
	acquired(cast, ACQUIRE, cast->patience);
}

/* And goes with it. */
static void one_waits(struct cast *cast)
{
	struct child *waiter = cast->peers[FIRST];

	hold(cast);
	tell(cast, waiter, ACQUIRE, PATIENT_MS);
	await_queue(cast, 1);
	arm(cast);
	check(cast, order(cast, cast->actor, RELEASE, 0) == 0,
	      "a release fails");
	check(cast, answer(cast, waiter) == 0, "the waiter gets nothing");
	check(cast, order(cast, waiter, RELEASE, 0) == 0,
	      "a waiter cannot release");
}

/* Another host has it: the wait is in vain, and leaves the queue. */
static void timed_out(struct cast *cast)
{
	open_actor(cast);
	cluster_elsewhere(cluster, true);
	arm(cast);
	check(cast, acquire_now(cast, ACQUIRE, 5) != 0,
	      "the actor gets what another host holds");
	cluster_elsewhere(cluster, false);
}

static void every_fault_of_a_session(void **state)
{
	static const struct scene scenes[] = {
		{ "acquire", "etcd", acquire, 3 },
		{ "acquire again", "etcd", acquire_again, 2 },
		{ "try", "etcd", try, 1 },
		{ "release", "etcd", release, 0 },
		{ "pass", "etcd", pass, 2 },
		{ "granted", "etcd", granted, 2 },
		{ "one waits", "etcd", one_waits, 0 },
		{ "timed out", "etcd", timed_out, 3 },
	};
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(scenes); i++) {
		/* Children go with each list of scenes, and so does it. */
		cluster = cluster_start();
		failures += play_all(&scenes[i], 1);
	}
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_of_a_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
