/* SPDX-License-Identifier: MIT */
/* test_quorum.c - two of three ports, among strangers and neighbours. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "support.h"

/* Strangers on the ports whose bits are set. */
static void sit_on(const struct key *key, unsigned bits, int fds[3])
{
	for (int i = 0; i < PORTLOCK_PORTS; i++) {
		fds[i] = -1;
		if (bits & 1u << i)
			fds[i] = bind_port(key->ports[i]);
		require(!(bits & 1u << i) || fds[i] >= 0);
	}
}

static void leave_port(int fds[3], int index)
{
	close(fds[index]);
	fds[index] = -1;
}

static void leave_all(int fds[3])
{
	for (int i = 0; i < PORTLOCK_PORTS; i++)
		if (fds[i] >= 0)
			leave_port(fds, i);
}

static void holds_beside_a_stranger_on(const struct key *key, int index)
{
	portlock_t *lock = open_lock(key->text, "tcp");
	int fds[3];

	sit_on(key, 1u << index, fds);
	assert_int_equal(portlock_try_lock(lock), 0);
	leave_all(fds);
	assert_int_equal(ports_bound(key), 7u & ~(1u << index));
	portlock_close(lock);
}

static void a_stranger_on_the_first_port_does_not_matter(void **state)
{
	holds_beside_a_stranger_on(*state, 0);
}

static void a_stranger_on_the_second_port_does_not_matter(void **state)
{
	holds_beside_a_stranger_on(*state, 1);
}

static void a_stranger_on_the_third_port_does_not_matter(void **state)
{
	holds_beside_a_stranger_on(*state, 2);
}

static void the_first_two_ports_are_taken_when_all_are_free(void **state)
{
	const struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");

	assert_int_equal(portlock_try_lock(lock), 0);
	assert_int_equal(ports_bound(key), 3);
	portlock_close(lock);
}

static void two_strangers_stop_the_lock_and_nothing_stays_bound(void **state)
{
	const struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	int before = open_fds(0);
	int fds[3];

	for (unsigned bits = 1; bits <= 7; bits++) {
		if (bits == 1 || bits == 2 || bits == 4)
			continue;
		sit_on(key, bits, fds);
		assert_int_equal(portlock_acquire_for(lock, 20), -ETIMEDOUT);
		assert_int_equal(portlock_acquire_for(lock, 0), -ETIMEDOUT);
		assert_int_equal(portlock_try_lock(lock), -EBUSY);
		assert_false(portlock_has_locked(lock));
		assert_int_equal(ports_bound(key), bits);
		leave_all(fds);
		assert_false(gate_is_bound(key->text));
		assert_int_equal(open_fds(0), before);
	}
	assert_int_equal(portlock_try_lock(lock), 0);
	portlock_close(lock);
}

static void the_lock_comes_when_one_of_two_strangers_goes(void **state)
{
	/* Sets of ports, and who of them goes. */
	static const int pairs[] = { 3, 5, 6 }, going[] = { 0, 1, 0, 2, 1, 2 };
	const struct key *key = *state;
	struct child *contender = contender_start(key->text, "tcp");
	int fds[3];

	for (int round = 0; round < 6; round++) {
		const int index = going[round], strangers = pairs[round / 2];

		sit_on(key, strangers, fds);
		contender_begin(contender, -1);
		wait_for_gate(key->text);
		wait_asleep(contender->pid);
		assert_false(has_said(contender));

		leave_port(fds, index);
		assert_int_equal(contender_result(contender), 0);
		leave_all(fds);
		assert_int_equal(ports_bound(key),
				 (7 & ~strangers) | 1 << index);
		contender_release(contender);
	}
	assert_int_equal(child_end(contender), 0);
}

static bool has_gate_or_said(void *argument)
{
	void **pair = argument;

	return gate_is_bound(pair[0]) || has_said(pair[1]);
}

/*
 * Somebody who has the gate and retries the ports beside two strangers, stopped
 * in the act: so that its timeout does not race what the test does next.
 */
static struct child *retry_ports(const struct key *key, int64_t timeout_ms,
				 int fds[3])
{
	struct child *first = contender_start(key->text, "tcp");
	void *pair[] = { (void *)key->text, first };

	sit_on(key, 6, fds);
	for (;;) {
		contender_begin(first, timeout_ms);
		wait_until(has_gate_or_said, pair);
		kill(first->pid, SIGSTOP);
		wait_stopped(first->pid);
		if (gate_is_bound(key->text))
			return first;
		/* The machine was busy for all that time. */
		kill(first->pid, SIGCONT);
		assert_int_equal(contender_result(first), -ETIMEDOUT);
	}
}

static void others_queue_in_order_behind_who_retries_the_ports(void **state)
{
	const struct key *key = *state;
	struct child *second = contender_start(key->text, "tcp");
	struct child *third = contender_start(key->text, "unix");
	struct child *first;
	int fds[3];

	first = retry_ports(key, -1, fds);
	contender_queue(second, key->text, -1);
	contender_queue(third, key->text, -1);
	kill(first->pid, SIGCONT);
	leave_all(fds);

	assert_int_equal(contender_result(first), 0);
	assert_false(has_said(second) || has_said(third));
	contender_release(first);
	assert_int_equal(contender_result(second), 0);
	assert_false(has_said(third));
	contender_release(second);
	assert_int_equal(contender_result(third), 0);
}

static void the_gate_goes_on_when_who_retries_the_ports_gives_up(void **state)
{
	const struct key *key = *state;
	struct child *second = contender_start(key->text, "tcp");
	struct child *third = contender_start(key->text, "tcp");
	struct child *first;
	int fds[3];

	first = retry_ports(key, is_slow() ? 3000 : 1000, fds);
	contender_queue(second, key->text, -1);
	contender_queue(third, key->text, -1);
	kill(first->pid, SIGCONT);

	assert_int_equal(contender_result(first), -ETIMEDOUT);
	wait_for_queue(key->text, 1);
	assert_false(has_said(second) || has_said(third));
	leave_all(fds);
	assert_int_equal(contender_result(second), 0);
	assert_false(has_said(third));
	contender_release(second);
	assert_int_equal(contender_result(third), 0);
}

static void a_unix_handle_ignores_the_ports(void **state)
{
	const struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");
	int fds[3];

	sit_on(key, 7, fds);
	assert_int_equal(portlock_try_lock(lock), 0);
	leave_all(fds);
	assert_int_equal(ports_bound(key), 0);
	assert_true(gate_is_bound(key->text));
	portlock_close(lock);
}

static void unix_and_tcp_handles_exclude_each_other(void **state)
{
	const struct key *key = *state;
	struct child *by_unix = contender_start(key->text, "unix");
	struct child *by_tcp = contender_start(key->text, "tcp");

	assert_int_equal(contender_try(by_unix), 0);
	assert_int_equal(contender_try(by_tcp), -EBUSY);
	assert_int_equal(contender_acquire(by_tcp, 10), -ETIMEDOUT);
	contender_release(by_unix);
	assert_int_equal(contender_try(by_tcp), 0);
	assert_int_equal(contender_try(by_unix), -EBUSY);
	assert_int_equal(contender_acquire(by_unix, 10), -ETIMEDOUT);
}

static void unix_and_tcp_handles_pass_the_lock_to_each_other(void **state)
{
	const struct key *key = *state;
	struct child *by_unix = contender_start(key->text, "unix");
	struct child *by_tcp = contender_start(key->text, "tcp");

	assert_int_equal(contender_try(by_unix), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ports_bound(key), 0);
		contender_queue(by_tcp, key->text, -1);
		contender_release(by_unix);
		assert_int_equal(contender_result(by_tcp), 0);
		assert_int_equal(ports_bound(key), 3);

		contender_queue(by_unix, key->text, -1);
		contender_release(by_tcp);
		assert_int_equal(contender_result(by_unix), 0);
	}
	assert_int_equal(ports_bound(key), 0);
}

static void neighbours_can_be_held_together_when_four_ports_exist(void **state)
{
	const struct key *key = *state;

	for (int distance = 1; distance <= 2; distance++) {
		struct key other;
		portlock_t *low = open_lock(key->text, "tcp");
		portlock_t *high;

		key_make_near(&other, key, distance);
		high = open_lock(other.text, "tcp");
		assert_int_equal(portlock_try_lock(low), 0);
		assert_int_equal(portlock_try_lock(high), 0);
		assert_int_equal(ports_bound(key), 7);
		portlock_close(low);
		portlock_close(high);
		key_free(&other);
	}
}

static void waits_for_the_neighbour(const struct key *key, int distance)
{
	struct key other;
	struct child *holder, *waiter;

	key_make_near(&other, key, distance);
	holder = contender_start(other.text, "tcp");
	waiter = contender_start(key->text, "tcp");
	assert_int_equal(contender_try(holder), 0);
	assert_int_equal(contender_try(waiter), -EBUSY);
	assert_int_equal(contender_acquire(waiter, 10), -ETIMEDOUT);
	contender_begin(waiter, -1);
	wait_for_gate(key->text);
	assert_false(has_said(waiter));
	contender_release(holder);
	assert_int_equal(contender_result(waiter), 0);
	assert_int_equal(child_end(waiter), 0);
	assert_int_equal(child_end(holder), 0);
	key_free(&other);
}

static void a_key_waits_for_one_with_the_same_ports(void **state)
{
	waits_for_the_neighbour(*state, 0);
}

static void a_key_waits_for_a_neighbour_on_two_of_its_ports(void **state)
{
	waits_for_the_neighbour(*state, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_stranger_on_the_first_port_does_not_matter),
		with_key(a_stranger_on_the_second_port_does_not_matter),
		with_key(a_stranger_on_the_third_port_does_not_matter),
		with_key(the_first_two_ports_are_taken_when_all_are_free),
		with_key(two_strangers_stop_the_lock_and_nothing_stays_bound),
		with_key(the_lock_comes_when_one_of_two_strangers_goes),
		with_key(others_queue_in_order_behind_who_retries_the_ports),
		with_key(the_gate_goes_on_when_who_retries_the_ports_gives_up),
		with_key(a_unix_handle_ignores_the_ports),
		with_key(unix_and_tcp_handles_exclude_each_other),
		with_key(unix_and_tcp_handles_pass_the_lock_to_each_other),
		with_key(neighbours_can_be_held_together_when_four_ports_exist),
		with_key(a_key_waits_for_one_with_the_same_ports),
		with_key(a_key_waits_for_a_neighbour_on_two_of_its_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
