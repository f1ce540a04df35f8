/* SPDX-License-Identifier: MIT */
/* test_faults_free.c - faults where nobody else holds the lock. */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "play.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void open_under_fault(struct cast *cast)
{
	int result;

	arm(cast);
	result = order(cast, cast->actor, OPEN, 0);
	cast->is_open = result == 0;
	check(cast, result == 0 || result == -ENOMEM,
	      "portlock_open() ends in an error that is not documented");
}

static void open_before(struct cast *cast)
{
	cast->is_open = order(cast, cast->actor, OPEN, 0) == 0;
	check(cast, cast->is_open, "the actor cannot open");
}

static void acquire(struct cast *cast)
{
	open_under_fault(cast);
	if (cast->is_open)
		acquire_now(cast, ACQUIRE, cast->patience);
}

static void try(struct cast *cast)
{
	open_before(cast);
	arm(cast);
	acquire_now(cast, TRY, 0);
}

static void hold_before(struct cast *cast)
{
	open_before(cast);
	check(cast, order(cast, cast->actor, ACQUIRE, PATIENT_MS) == 0,
	      "the actor cannot acquire");
}

static void release(struct cast *cast)
{
	hold_before(cast);
	arm(cast);
	check(cast, order(cast, cast->actor, RELEASE, 0) == 0,
	      "a release fails");
}

static void close_handle(struct cast *cast)
{
	hold_before(cast);
	arm(cast);
	order(cast, cast->actor, CLOSE, 0);
	cast->is_open = false;
}

static void move(struct cast *cast)
{
	hold_before(cast);
	arm(cast);
	check(cast, order(cast, cast->actor, MOVE, 0) >= 0,
	      "a gate cannot be moved");
	check(cast, atomic_load(&cast->stage->holders) == 1,
	      "a lock is lost while its gate is moved");
}

/* From the handle into a socket, and back. */
static void pass(struct cast *cast)
{
	hold_before(cast);
	arm(cast);
	check(cast, order(cast, cast->actor, PASS, 0) <= 0, "no answer");
}

/* Another program sits on some of the ports. */
static void acquire_beside(struct cast *cast, int squatted, int64_t timeout_ms)
{
	int ports[PORTLOCK_PORTS];

	open_before(cast);
	for (int i = 0; i < squatted; i++) {
		ports[i] = bind_port(cast->key.ports[i]);
		check(cast, ports[i] >= 0, "a port is not free");
	}
	arm(cast);
	acquire_now(cast, ACQUIRE, timeout_ms);
	for (int i = 0; i < squatted; i++)
		close(ports[i]);
}

static void one_port_taken(struct cast *cast)
{
	acquire_beside(cast, 1, cast->patience);
}

static void two_ports_taken(struct cast *cast)
{
	acquire_beside(cast, 2, 2);
}

/* A k3portlock, or a holder between bind and listen. */
static void deaf_gate(struct cast *cast)
{
	int gate;

	open_before(cast);
	gate = bind_gate(cast->key.text);
	check(cast, gate >= 0, "the gate is not free");
	arm(cast);
	acquire_now(cast, ACQUIRE, 2);
	close(gate);
}

static void every_fault_of_a_free_lock(void **state)
{
	static const struct scene scenes[] = {
		{ "acquire", "tcp", acquire, 0 },
		{ "acquire", "unix", acquire, 0 },
		{ "try", "tcp", try, 0 },
		{ "release", "tcp", release, 0 },
		{ "release", "unix", release, 0 },
		{ "close", "tcp", close_handle, 0 },
		{ "move", "tcp", move, 0 },
		{ "pass", "tcp", pass, 0 },
		{ "pass", "unix", pass, 0 },
		{ "one port taken", "tcp", one_port_taken, 0 },
		{ "two ports taken", "tcp", two_ports_taken, 4 },
		{ "deaf gate", "unix", deaf_gate, 3 },
	};

	(void)state;
	assert_int_equal(play_all(scenes, COUNT(scenes)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_of_a_free_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
