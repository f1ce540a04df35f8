/* SPDX-License-Identifier: MIT */
/* test_release.c - in what order a release lets go of what it has. */
#include "config.h"

#include <string.h>

#include "lib/internal.h"
#include "support.h"

#define CALLS_MAX 32
#define WAKE (-1) /* in place of a descriptor: the waiter was woken */

static struct {
	int calls[CALLS_MAX];
	int count;
	struct pl_ops ops;
} record;

static void note(int call)
{
	require(record.count < CALLS_MAX);
	record.calls[record.count++] = call;
}

static int noted_close(int fd)
{
	note(fd);
	return pl_libc_ops.close(fd);
}

static int noted_shutdown(int fd, int how)
{
	note(WAKE);
	return pl_libc_ops.shutdown(fd, how);
}

/* Where in the record a call is; it must be there once. */
static int place_of(int call)
{
	int place = -1;

	for (int i = 0; i < record.count; i++) {
		if (record.calls[i] != call)
			continue;
		assert_int_equal(place, -1);
		place = i;
	}
	assert_true(place >= 0);
	return place;
}

static struct pl_bundle release_on_record(portlock_t *lock)
{
	struct pl_bundle held = lock->bundle;

	record.count = 0;
	record.ops = pl_libc_ops;
	record.ops.close = noted_close;
	record.ops.shutdown = noted_shutdown;
	pl_ops = &record.ops;
	portlock_release(lock);
	pl_ops = &pl_libc_ops;
	return held;
}

/* Who finds the gate free must not meet our ports. */
static void without_waiters_the_ports_go_before_the_gate(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct pl_bundle held;

	assert_int_equal(portlock_acquire(lock), 0);
	held = release_on_record(lock);
	assert_true(place_of(held.ports[0]) < place_of(held.gate));
	assert_true(place_of(held.ports[1]) < place_of(held.gate));
	portlock_close(lock);
}

/* A releaser that is stopped after the wake must not pin the names. */
static void all_copies_are_closed_before_the_waiter_wakes(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *waiter = contender_start(key->text, "tcp");
	struct pl_bundle held;

	assert_int_equal(portlock_acquire(lock), 0);
	contender_queue(waiter, key->text, -1);
	held = release_on_record(lock);
	assert_true(place_of(held.ports[0]) < place_of(WAKE));
	assert_true(place_of(held.ports[1]) < place_of(WAKE));
	assert_true(place_of(held.gate) < place_of(WAKE));
	assert_int_equal(contender_result(waiter), 0);
	assert_int_equal(child_end(waiter), 0);
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(without_waiters_the_ports_go_before_the_gate),
		with_key(all_copies_are_closed_before_the_waiter_wakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
