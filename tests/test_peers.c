/* SPDX-License-Identifier: MIT */
/* test_peers.c - exclusion against programs that follow the same two rules on
 * their own, here with nothing but plain sockets: the documented one (two of
 * the three ports) and that of k3portlock on Linux (the gate's name).
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "support.h"

#define PEER_SLEEP_NS INT64_C(10000000)

/* Between two turns of a peer, so that it does not end before others begin. */
#define PAUSE_NS INT64_C(500000)

struct rule {
	const struct key *key;
	bool (*grab)(const struct key *key, int fds[2]);
};

static void let_go(int fds[2])
{
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static bool grab_ports(const struct key *key, int fds[2])
{
	int got = 0;

	for (int i = 0; i < PORTLOCK_PORTS && got < 2; i++) {
		fds[got] = bind_port(key->ports[i]);
		if (fds[got] >= 0)
			got++;
	}
	if (got < 2)
		let_go(fds);
	return got == 2;
}

static bool grab_name(const struct key *key, int fds[2])
{
	fds[0] = bind_gate(key->text);
	return fds[0] >= 0;
}

enum command { TRY, ACQUIRE, RELEASE, STRESS };

static void acquire(const struct rule *rule, int fds[2])
{
	while (!rule->grab(rule->key, fds))
		sleep_ns(PEER_SLEEP_NS);
}

static void stress(const struct rule *rule, struct guarded *guarded, int count)
{
	for (int i = 0; i < count; i++) {
		int fds[2] = { -1, -1 };

		acquire(rule, fds);
		guarded_touch(guarded);
		let_go(fds);
		sleep_ns(PAUSE_NS);
	}
}

static void peer(struct child *parent, void *argument)
{
	struct rule *rule = argument;
	int fds[2] = { -1, -1 };
	int64_t command, result;

	while (hear_or_end(parent, &command)) {
		struct guarded *guarded;

		result = 0;
		switch ((enum command)command) {
		case TRY:
			result = rule->grab(rule->key, fds);
			break;
		case ACQUIRE:
			acquire(rule, fds);
			break;
		case RELEASE:
			let_go(fds);
			break;
		case STRESS:
			guarded = (struct guarded *)(intptr_t)hear(parent);
			stress(rule, guarded, (int)hear(parent));
			break;
		}
		say(parent, result);
	}
}

static int64_t order(struct child *child, enum command command)
{
	say(child, command);
	return hear(child);
}

/* Waits without a queue: for the peer's ports or name. */
static void begin_to_wait(struct child *contender, const struct key *key)
{
	contender_begin(contender, -1);
	wait_for_gate(key->text);
	wait_asleep(contender->pid);
	assert_false(has_said(contender));
}

static void portlock_waits_for_a_peer(struct rule *rule, const char *transport)
{
	const char *key = rule->key->text;
	struct child *child = child_start(peer, rule);
	struct child *contender = contender_start(key, transport);

	assert_true(order(child, TRY));
	assert_int_equal(contender_try(contender), -EBUSY);
	assert_int_equal(contender_acquire(contender, 20), -ETIMEDOUT);
	begin_to_wait(contender, rule->key);
	order(child, RELEASE);
	assert_int_equal(contender_result(contender), 0);
	contender_release(contender);

	/* The same when the peer dies. */
	assert_true(order(child, TRY));
	begin_to_wait(contender, rule->key);
	child_kill(child);
	assert_int_equal(contender_result(contender), 0);
	assert_int_equal(child_end(contender), 0);
}

static void a_peer_waits_for_portlock(struct rule *rule, const char *transport)
{
	const char *key = rule->key->text;
	struct child *child = child_start(peer, rule);
	struct child *first = contender_start(key, transport);
	struct child *second = contender_start(key, transport);

	assert_int_equal(contender_try(first), 0);
	assert_false(order(child, TRY));
	contender_queue(second, key, -1);
	assert_false(order(child, TRY));
	contender_release(first);
	assert_false(order(child, TRY)); /* passed on, never free */
	assert_int_equal(contender_result(second), 0);
	assert_false(order(child, TRY));

	say(child, ACQUIRE);
	contender_release(second);
	hear(child);
	assert_int_equal(contender_try(first), -EBUSY);
	order(child, RELEASE);

	assert_int_equal(contender_try(first), 0);
	say(child, ACQUIRE);
	child_kill(first);
	hear(child);
	assert_int_equal(child_end(child), 0);
}

/* Two of each at once. */
static void together_they_lose_no_count(struct rule *rule,
					const char *transport)
{
	struct guarded *guarded = shared_memory(sizeof(*guarded));
	int portlocks = rounds(2000), peers = rounds(100);
	struct child *children[4];

	for (int i = 0; i < 2; i++)
		children[i] = child_start(peer, rule);
	for (int i = 2; i < 4; i++)
		children[i] = contender_start(rule->key->text, transport);
	for (int i = 0; i < 2; i++) {
		say(children[i], STRESS);
		say(children[i], (intptr_t)guarded);
		say(children[i], peers);
	}
	for (int i = 2; i < 4; i++)
		contender_stress(children[i], guarded, portlocks);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(hear(children[i]), 0);
		assert_int_equal(child_end(children[i]), 0);
	}
	assert_int_equal(guarded->violations, 0);
	assert_int_equal(guarded->value, 2 * portlocks + 2 * peers);
}

static void portlock_waits_for_a_three_port_peer(void **state)
{
	struct rule rule = { *state, grab_ports };

	portlock_waits_for_a_peer(&rule, "tcp");
}

static void a_three_port_peer_waits_for_portlock(void **state)
{
	struct rule rule = { *state, grab_ports };

	a_peer_waits_for_portlock(&rule, "tcp");
}

static void three_port_peers_and_portlock_lose_no_count(void **state)
{
	struct rule rule = { *state, grab_ports };

	together_they_lose_no_count(&rule, "tcp");
}

static void portlock_waits_for_a_k3portlock(void **state)
{
	struct rule rule = { *state, grab_name };

	portlock_waits_for_a_peer(&rule, "tcp");
	portlock_waits_for_a_peer(&rule, "unix");
}

static void a_k3portlock_waits_for_portlock(void **state)
{
	struct rule rule = { *state, grab_name };

	a_peer_waits_for_portlock(&rule, "tcp");
	a_peer_waits_for_portlock(&rule, "unix");
}

static void k3portlocks_and_portlock_lose_no_count(void **state)
{
	struct rule rule = { *state, grab_name };

	together_they_lose_no_count(&rule, "tcp");
	together_they_lose_no_count(&rule, "unix");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(portlock_waits_for_a_three_port_peer),
		with_key(a_three_port_peer_waits_for_portlock),
		with_key(three_port_peers_and_portlock_lose_no_count),
		with_key(portlock_waits_for_a_k3portlock),
		with_key(a_k3portlock_waits_for_portlock),
		with_key(k3portlocks_and_portlock_lose_no_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
