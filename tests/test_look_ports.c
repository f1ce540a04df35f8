/* SPDX-License-Identifier: MIT */
/* test_look_ports.c - who sits on a key's ports: strangers of every kind, and
 * portlocks, which are told apart from them.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/look/look.h"
#include "support/support.h"

static struct look_socket *sockets;
static int count;

static void see(const struct key *key)
{
	free(sockets);
	assert_int_equal(look_ports(&sockets, &count, key->ports[0]), 0);
}

/* The one with that address, which ends in the port of that number. */
static const struct look_socket *at(const struct key *key, const char *host,
				    int number)
{
	char address[80];

	snprintf(address, sizeof(address), "%s:%u", host, key->ports[number]);
	for (int i = 0; i < count; i++)
		if (strcmp(sockets[i].address, address) == 0)
			return &sockets[i];
	return NULL;
}

/* This process's, bound to the port: to all addresses of the family, or to the
 * loopback. */
static int bind_at(int family, bool all, uint16_t port, int v6_only)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port) };
	bool is_v6 = family == AF_INET6;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 && errno == EAFNOSUPPORT)
		return -1;
	assert_true(fd >= 0);
	v4.sin_addr.s_addr = htonl(all ? INADDR_ANY : INADDR_LOOPBACK);
	v6.sin6_addr = all ? in6addr_any : in6addr_loopback;
	if (is_v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only,
			   sizeof(v6_only));
	if (bind(fd, is_v6 ? (void *)&v6 : (void *)&v4,
		 is_v6 ? sizeof(v6) : sizeof(v4)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Whether the kernel tells of sockets that are bound and nothing else. */
static bool tells_of_bound(const struct key *key)
{
	int fd = bind_port(key->ports[2]);
	bool told;

	assert_true(fd >= 0);
	see(key);
	told = count > 0;
	close(fd);
	if (!told)
		print_message("this kernel does not tell of bound sockets\n");
	return told;
}

static void a_free_key_has_nobody_on_its_ports(void **state)
{
	see(*state);
	assert_int_equal(count, 0);
}

static void the_ports_of_a_portlock_are_its_own(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_start(key->text, "tcp");

	if (!tells_of_bound(key))
		return;
	assert_int_equal(contender_try(holder), 0);
	see(key);
	assert_int_equal(count, 2);
	for (int i = 0; i < 2; i++) {
		assert_non_null(at(key, "127.0.0.1", i));
		assert_int_equal(sockets[i].port, key->ports[i]);
		assert_int_equal(sockets[i].state, LOOK_BOUND);
		assert_int_equal(sockets[i].process.pid, holder->pid);
		assert_string_equal(sockets[i].gate + strlen("/portlock/"),
				    key->text);
	}
}

static void a_neighbours_port_is_the_neighbours(void **state)
{
	struct key *key = *state, neighbour;
	struct child *holder;

	if (!tells_of_bound(key))
		return;
	key_make_near(&neighbour, key, 1);
	holder = contender_start(neighbour.text, "tcp");
	assert_int_equal(contender_try(holder), 0);
	see(key);
	assert_int_equal(count, 2);
	for (int i = 0; i < 2; i++)
		assert_string_equal(sockets[i].gate + strlen("/portlock/"),
				    neighbour.text);
	child_kill(holder);
	key_free(&neighbour);
}

/* The gate's name is a shortened one. */
static void the_ports_of_a_long_key_are_its_own(void **state)
{
	char key[200];
	struct look_socket *found;
	uint16_t ports[PORTLOCK_PORTS];
	portlock_t *lock;
	int number;

	if (!tells_of_bound(*state))
		return;
	memset(key, 'k', sizeof(key));
	do {
		snprintf(key + 150, sizeof(key) - 150, "%d-%d", (int)getpid(),
			 rand());
		lock = open_lock(key, "tcp");
		portlock_ports(lock, ports);
	} while (!port_is_free(ports[0]) || !port_is_free(ports[1]));
	assert_int_equal(portlock_try_lock(lock), 0);
	assert_int_equal(look_ports(&found, &number, ports[0]), 0);
	assert_int_equal(number, 2);
	assert_string_equal(found[0].gate, portlock_gate(lock));
	assert_string_equal(found[1].gate, portlock_gate(lock));
	free(found);
	portlock_close(lock);
}

static void who_also_holds_another_key_is_a_stranger_here(void **state)
{
	struct key *key = *state, other;
	portlock_t *lock;
	int stranger;

	key_make(&other);
	lock = open_lock(other.text, "tcp");
	assert_int_equal(portlock_try_lock(lock), 0);
	stranger = bind_at(AF_INET, false, key->ports[1], 0);
	assert_int_equal(listen(stranger, 1), 0);
	see(key);
	assert_int_equal(count, 1);
	assert_int_equal(sockets[0].process.pid, getpid());
	assert_string_equal(sockets[0].gate, "");
	close(stranger);
	portlock_close(lock);
	key_free(&other);
}

static void strangers_that_listen_are_told(void **state)
{
	struct key *key = *state;
	int loopback = bind_at(AF_INET, false, key->ports[0], 0);
	int all = bind_at(AF_INET, true, key->ports[1], 0);
	int dual = bind_at(AF_INET6, true, key->ports[2], 0);

	assert_int_equal(listen(loopback, 1), 0);
	assert_int_equal(listen(all, 1), 0);
	if (dual >= 0)
		assert_int_equal(listen(dual, 1), 0);
	see(key);
	assert_int_equal(count, dual >= 0 ? 3 : 2);
	assert_non_null(at(key, "127.0.0.1", 0));
	assert_non_null(at(key, "0.0.0.0", 1));
	assert_true(dual < 0 || at(key, "[::]", 2));
	for (int i = 0; i < count; i++) {
		assert_int_equal(sockets[i].state, TCP_LISTEN);
		assert_int_equal(sockets[i].process.pid, getpid());
		assert_int_equal(sockets[i].process.uid, geteuid());
		assert_string_equal(sockets[i].gate, "");
		assert_false(port_is_free(sockets[i].port));
	}
	close(loopback);
	close(all);
	if (dual >= 0)
		close(dual);
}

static void a_stranger_that_is_only_bound_is_told(void **state)
{
	struct key *key = *state;
	int fd;

	if (!tells_of_bound(key))
		return;
	fd = bind_at(AF_INET, true, key->ports[1], 0);
	see(key);
	assert_int_equal(count, 1);
	assert_non_null(at(key, "0.0.0.0", 1));
	assert_int_equal(sockets[0].state, LOOK_BOUND);
	assert_string_equal(sockets[0].gate, "");
	close(fd);
}

static void what_is_not_in_the_way_is_not_told(void **state)
{
	struct key *key = *state;
	int only = bind_at(AF_INET6, true, key->ports[0], 1);
	int local = bind_at(AF_INET6, false, key->ports[1], 1);

	if (only >= 0)
		listen(only, 1);
	if (local >= 0)
		listen(local, 1);
	assert_int_equal(ports_bound(key), 0);
	see(key);
	assert_int_equal(count, 0);
	if (only >= 0)
		close(only);
	if (local >= 0)
		close(local);
}

/* A connection of 127.0.0.1 from that port; *listener goes to close(), as does
 * the accepted end. */
static int connection_from(uint16_t port, int *listener, int *accepted)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t length = sizeof(to);
	int fd = bind_at(AF_INET, false, port, 0);

	*listener = bind_at(AF_INET, false, 0, 0);
	assert_int_equal(listen(*listener, 1), 0);
	getsockname(*listener, (struct sockaddr *)&to, &length);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, length), 0);
	*accepted = accept(*listener, NULL, NULL);
	assert_true(*accepted >= 0);
	return fd;
}

static bool is_past(void *argument)
{
	const struct key *key = argument;

	see(key);
	return count == 1 && sockets[0].state == TCP_TIME_WAIT;
}

static void connections_and_what_is_left_of_them_are_told(void **state)
{
	struct key *key = *state;
	int listener, accepted;
	int fd = connection_from(key->ports[2], &listener, &accepted);

	see(key);
	assert_int_equal(count, 1);
	assert_int_equal(sockets[0].state, TCP_ESTABLISHED);
	assert_int_equal(sockets[0].process.pid, getpid());
	assert_non_null(at(key, "127.0.0.1", 2));
	/* Who closes first has a socket that outlives it for a minute. */
	close(fd);
	close(accepted);
	wait_until(is_past, key);
	assert_int_equal(sockets[0].process.pid, 0);
	assert_int_equal(sockets[0].process.uid, (uid_t)-1);
	assert_string_equal(sockets[0].gate, "");
	assert_false(port_is_free(key->ports[2]));
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_free_key_has_nobody_on_its_ports),
		with_key(the_ports_of_a_portlock_are_its_own),
		with_key(a_neighbours_port_is_the_neighbours),
		with_key(the_ports_of_a_long_key_are_its_own),
		with_key(who_also_holds_another_key_is_a_stranger_here),
		with_key(strangers_that_listen_are_told),
		with_key(a_stranger_that_is_only_bound_is_told),
		with_key(what_is_not_in_the_way_is_not_told),
		with_key(connections_and_what_is_left_of_them_are_told),
	};
	int result = cmocka_run_group_tests(tests, NULL, NULL);

	free(sockets);
	return result;
}
