/* SPDX-License-Identifier: MIT */
/* test_leaks.c - whatever a handle has done, nothing of it is left. */
#include "config.h"

#include <errno.h>
#include <malloc.h>
#include <unistd.h>

#include "support/faults.h"
#include "support/support.h"
#include "support/thread.h"

/* What the cycles work with. */
static struct {
	const struct key *key;
	struct child *other;
} with;

static void open_and_close(void)
{
	portlock_close(open_lock(with.key->text, "tcp"));
}

static void acquire_and_close(void)
{
	portlock_t *lock = open_lock(with.key->text, "tcp");

	require(portlock_acquire_for(lock, -1) == 0);
	portlock_close(lock);
}

static void acquire_and_release_often(void)
{
	portlock_t *lock = open_lock(with.key->text, "tcp");

	for (int i = 0; i < 5; i++) {
		require(portlock_acquire_for(lock, -1) == 0);
		require(portlock_release(lock) == 0);
	}
	portlock_close(lock);
}

static void acquire_without_ports(void)
{
	portlock_t *lock = open_lock(with.key->text, "unix");

	require(portlock_try_lock(lock) == 0);
	portlock_close(lock);
}

static void fail_in_every_way(void)
{
	portlock_t *lock = open_lock(with.key->text, "tcp");
	portlock_t *second = open_lock(with.key->text, "unix");

	require(contender_acquire(with.other, -1) == 0);
	require(portlock_try_lock(lock) == -EBUSY);
	require(portlock_acquire_for(lock, 0) == -ETIMEDOUT);
	require(portlock_acquire_for(lock, 1) == -ETIMEDOUT);
	contender_release(with.other);
	require(portlock_acquire_for(lock, -1) == 0);
	require(portlock_acquire(lock) == -EDEADLK);
	require(portlock_acquire(second) == -EDEADLK);
	portlock_close(lock);
	portlock_close(second);
}

static void fail_to_open(void)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	portlock_t *lock;

	require(portlock_open(&lock, "", NULL) == -EINVAL);
	options.transport = "pigeon";
	require(portlock_open(&lock, with.key->text, &options) == -EINVAL);
}

/* From us to the other process, and back. */
static void hand_over(void)
{
	portlock_t *lock = open_lock(with.key->text, "tcp");
	struct waiter waiter;

	require(portlock_acquire_for(lock, -1) == 0);
	contender_queue(with.other, with.key->text, -1);
	require(portlock_release(lock) == 0);
	require(contender_result(with.other) == 0);
	waiter_queue(&waiter, lock, with.key->text);
	contender_release(with.other);
	require(waiter_end(&waiter) == 0);
	portlock_close(lock);
}

/* From tcp to unix, which closes ports, and back, which binds them. */
static void hand_over_between_transports(void)
{
	portlock_t *tcp = open_lock(with.key->text, "tcp");
	portlock_t *unix_only = open_lock(with.key->text, "unix");
	struct waiter waiter;

	require(portlock_acquire_for(tcp, -1) == 0);
	waiter_queue(&waiter, unix_only, with.key->text);
	require(portlock_release(tcp) == 0);
	require(waiter_end(&waiter) == 0);
	waiter_queue(&waiter, tcp, with.key->text);
	require(portlock_release(unix_only) == 0);
	require(waiter_end(&waiter) == 0);
	portlock_close(unix_only);
	portlock_close(tcp);
}

static void lose_the_ports(void)
{
	portlock_t *lock = open_lock(with.key->text, "tcp");
	int strangers[2] = { bind_port(with.key->ports[0]),
			     bind_port(with.key->ports[2]) };

	require(strangers[0] >= 0 && strangers[1] >= 0);
	require(portlock_acquire_for(lock, 1) == -ETIMEDOUT);
	require(portlock_try_lock(lock) == -EBUSY);
	close(strangers[0]);
	close(strangers[1]);
	portlock_close(lock);
}

static void hear_the_end(struct child *parent, void *lock)
{
	int64_t number;

	faults_use(NULL); /* the parent's counts are its own */
	portlock_close(lock);
	while (hear_or_end(parent, &number))
		;
}

static void fork_with_the_lock(void)
{
	portlock_t *lock = open_lock(with.key->text, "tcp");
	struct child *child;

	require(portlock_acquire_for(lock, -1) == 0);
	child = child_start(hear_the_end, lock);
	portlock_close(lock);
	require(child_end(child) == 0);
}

static void (*const cycles[])(void) = {
	open_and_close,
	acquire_and_close,
	acquire_and_release_often,
	acquire_without_ports,
	fail_in_every_way,
	fail_to_open,
	hand_over,
	hand_over_between_transports,
	lose_the_ports,
	fork_with_the_lock,
};

#define CYCLES (sizeof(cycles) / sizeof(cycles[0]))

static void start(void **state)
{
	with.key = *state;
	with.other = contender_start(with.key->text, "tcp");
	/* What libc allocates once, it has. */
	for (size_t i = 0; i < CYCLES; i++)
		cycles[i]();
}

static void no_cycle_leaves_a_descriptor_open(void **state)
{
	start(state);
	for (size_t i = 0; i < CYCLES; i++) {
		int before = open_fds(0);

		cycles[i]();
		assert_int_equal(open_fds(0), before);
	}
	assert_int_equal(child_end(with.other), 0);
}

static void no_cycle_leaves_memory_allocated(void **state)
{
	struct faults *faults = faults_new();

	start(state);
	faults_use(faults);
	for (size_t i = 0; i < CYCLES; i++) {
		cycles[i]();
		assert_int_equal(calls_of(faults, CALL_CALLOC),
				 calls_of(faults, CALL_FREE));
	}
	assert_true(calls_of(faults, CALL_CALLOC) > 0);
	faults_use(NULL);
	faults_free(faults);
	assert_int_equal(child_end(with.other), 0);
}

/* Acquire and release do not allocate, and nobody behind them does. */
static void the_heap_is_as_it_was(void **state)
{
	size_t before;

	start(state);
	before = mallinfo2().uordblks;
	for (int i = 0; i < rounds(100); i++) {
		acquire_and_release_often();
		acquire_without_ports();
		fail_to_open();
		lose_the_ports();
	}
	assert_int_equal(mallinfo2().uordblks, before);
	assert_int_equal(child_end(with.other), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(no_cycle_leaves_a_descriptor_open),
		with_key(no_cycle_leaves_memory_allocated),
		with_key(the_heap_is_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
