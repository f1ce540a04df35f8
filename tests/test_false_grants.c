/* SPDX-License-Identifier: MIT */
/* test_false_grants.c - what is not the lock does not make a holder. */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/internal.h"
#include "support/impostor.h"
#include "support/support.h"

static const struct grant_bytes grant = GRANT_BYTES;

/* ---- the waiter: it tells what it got, and what it has open -------------- */

static void wait_and_tell(struct child *parent, void *key)
{
	portlock_t *lock = open_lock(key, "tcp");
	const struct pl_wait how = { .deadline = PL_NEVER,
				     .sleep = lock->sleep,
				     .queue = true,
				     .watch = parent->in };
	int before = open_fds(0);
	int result;

	hear(parent);
	result = pl_acquire(lock, &how);
	if (result == -ECANCELED)
		hear(parent);
	say(parent, result);
	say(parent, portlock_has_locked(lock));
	say(parent, open_fds(0) - before);
	hear(parent);
	portlock_release(lock);
	require(portlock_acquire_for(lock, -1) == 0);
	portlock_close(lock);
	require(open_fds(0) == before);
}

/* One message to one waiter; the gate stays bound, and nobody accepts again. */
static struct {
	const char *key;
	struct child *waiter;
	int gate;
} trial;

/* The waiter comes first, so that it inherits nothing of what is to come. */
static void trial_start(const struct key *key)
{
	trial.key = key->text;
	trial.waiter = child_start(wait_and_tell, (void *)key->text);
	trial.gate = impostor_gate(key->text);
}

/* Closes the descriptors of the message. */
static void trial_send(const void *data, size_t size, const int *fds,
		       size_t count)
{
	int connection;

	say(trial.waiter, 0);
	connection = impostor_accept(trial.gate);
	require(impostor_send(connection, data, size, fds, count));
	for (size_t i = 0; i < count; i++)
		if (fds[i] != trial.gate)
			close(fds[i]);
	close(connection);
}

static void trial_end(void)
{
	close(trial.gate);
	trial.gate = -1;
	say(trial.waiter, 0);
	assert_int_equal(child_end(trial.waiter), 0);
}

static bool is_back_or_has_said(void *unused)
{
	(void)unused;
	return has_said(trial.waiter) || gate_queue(trial.key) == 1;
}

/* It goes back into the queue, and waits there until it is told to end. */
static void assert_refused(const void *data, size_t size, const int *fds,
			   size_t count)
{
	trial_send(data, size, fds, count);
	wait_until(is_back_or_has_said, NULL);
	say(trial.waiter, 0);
	assert_int_equal(hear(trial.waiter), -ECANCELED);
	assert_int_equal(hear(trial.waiter), false);
	assert_int_equal(hear(trial.waiter), 0);
	trial_end();
}

/* The gate was real: it holds that and two ports, and nothing else but the
 * connection, which may stay until the handle's next operation. */
static void assert_accepted(const struct key *key, const int *fds, size_t count)
{
	trial_send(&grant, sizeof(grant), fds, count);
	assert_int_equal(hear(trial.waiter), 0);
	assert_int_equal(hear(trial.waiter), true);
	assert_in_range(hear(trial.waiter), 3, 4);
	assert_int_equal(__builtin_popcount(ports_bound(key)), 2);
	trial_end();
}

static int make_socket(int domain, int type)
{
	int fd = socket(domain, type | SOCK_CLOEXEC, 0);

	require(fd >= 0);
	return fd;
}

static int bound_port(uint16_t port)
{
	int fd = bind_port(port);

	require(fd >= 0);
	return fd;
}

static int bound_udp(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port) };
	int fd = make_socket(AF_INET, SOCK_DGRAM);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

static int setup(void **state)
{
	int error = key_setup(state);

	trial_start(*state);
	return error;
}

static int teardown(void **state)
{
	if (trial.gate >= 0)
		close(trial.gate);
	return key_teardown(state);
}

#define with_trial(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* ---- no gate among them -------------------------------------------------- */

static void an_empty_grant_makes_no_holder(void **state)
{
	(void)state;
	assert_refused(&grant, sizeof(grant), NULL, 0);
}

static void a_pipe_makes_no_holder(void **state)
{
	int ends[2];

	(void)state;
	require(pipe(ends) == 0);
	assert_refused(&grant, sizeof(grant), ends, 2);
}

static void an_unbound_socket_makes_no_holder(void **state)
{
	int fds[] = { make_socket(AF_UNIX, SOCK_STREAM) };

	(void)state;
	assert_refused(&grant, sizeof(grant), fds, 1);
}

static void the_ports_alone_make_no_holder(void **state)
{
	struct key *key = *state;
	int fds[] = { bound_port(key->ports[0]), bound_port(key->ports[1]) };

	assert_refused(&grant, sizeof(grant), fds, 2);
	assert_int_equal(ports_bound(key), 0);
}

static void a_listening_port_makes_no_holder(void **state)
{
	struct key *key = *state;
	int fds[] = { bound_port(key->ports[0]) };

	require(listen(fds[0], 1) == 0);
	assert_refused(&grant, sizeof(grant), fds, 1);
}

static void the_gate_of_another_key_makes_no_holder(void **state)
{
	struct key *key = *state;
	char other[80];
	int fds[1];

	snprintf(other, sizeof(other), "%s-other", key->text);
	fds[0] = impostor_gate(other);
	assert_refused(&grant, sizeof(grant), fds, 1);
}

/* Its address is the gate's, but it does not listen. */
static void a_connection_to_the_gate_makes_no_holder(void **state)
{
	struct sockaddr_un address;
	socklen_t length = sizeof(address);
	int client = make_socket(AF_UNIX, SOCK_STREAM);
	int fds[1];

	(void)state;
	require(getsockname(trial.gate, (struct sockaddr *)&address, &length) ==
		0);
	require(connect(client, (struct sockaddr *)&address, length) == 0);
	fds[0] = impostor_accept(trial.gate);
	close(client);
	assert_refused(&grant, sizeof(grant), fds, 1);
}

static void more_descriptors_than_fit_make_no_holder(void **state)
{
	for (size_t count = 8; count <= 24; count += 8) {
		int fds[24];

		for (size_t i = 0; i < count; i++)
			fds[i] = make_socket(AF_INET, SOCK_STREAM);
		assert_refused(&grant, sizeof(grant), fds, count);
		trial_start(*state);
	}
}

/* ---- the gate, but no grant ---------------------------------------------- */

static void the_gate_with_other_bytes_makes_no_holder(void **state)
{
	static const char *const texts[] = { "x", "plgrant", "PLGRANT1........",
					     "plgrant1.......",
					     "plgrant2........" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_refused(texts[i], strlen(texts[i]), &trial.gate, 1);
		trial_start(*state);
	}
}

/* ---- the gate, and ports that are none ----------------------------------- */

static void the_gate_alone_is_completed(void **state)
{
	struct key *key = *state;

	assert_accepted(key, &trial.gate, 1);
}

static void other_ports_are_closed_and_replaced(void **state)
{
	struct key *key = *state;
	int fds[] = { trial.gate, make_socket(AF_INET, SOCK_STREAM),
		      bound_port(0) };

	assert_accepted(key, fds, 3);
}

static void one_port_twice_is_not_two(void **state)
{
	struct key *key = *state;
	int fds[] = { trial.gate, bound_port(key->ports[1]), -1 };

	fds[2] = dup(fds[1]);
	assert_accepted(key, fds, 3);
}

static void udp_ports_are_none(void **state)
{
	struct key *key = *state;
	int fds[] = { trial.gate, bound_udp(key->ports[0]),
		      bound_udp(key->ports[1]) };

	assert_accepted(key, fds, 3);
}

static void surplus_descriptors_are_closed(void **state)
{
	struct key *key = *state;
	int fds[] = { make_socket(AF_UNIX, SOCK_STREAM),
		      bound_port(key->ports[2]),
		      trial.gate,
		      dup(trial.gate),
		      make_socket(AF_INET, SOCK_STREAM),
		      bound_port(key->ports[0]),
		      bound_port(key->ports[1]) };

	assert_accepted(key, fds, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_trial(an_empty_grant_makes_no_holder),
		with_trial(a_pipe_makes_no_holder),
		with_trial(an_unbound_socket_makes_no_holder),
		with_trial(the_ports_alone_make_no_holder),
		with_trial(a_listening_port_makes_no_holder),
		with_trial(the_gate_of_another_key_makes_no_holder),
		with_trial(a_connection_to_the_gate_makes_no_holder),
		with_trial(more_descriptors_than_fit_make_no_holder),
		with_trial(the_gate_with_other_bytes_makes_no_holder),
		with_trial(the_gate_alone_is_completed),
		with_trial(other_ports_are_closed_and_replaced),
		with_trial(one_port_twice_is_not_two),
		with_trial(udp_ports_are_none),
		with_trial(surplus_descriptors_are_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
