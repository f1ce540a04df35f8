/* SPDX-License-Identifier: MIT */
/* test_cli_who.c - portlock who: one key, and strangers on its ports. */
#include "config.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/support/command.h"

static struct command command, holder;

static void tells_what_is_free(void **state)
{
	struct key *key = *state;
	char expected[128];

	snprintf(expected, sizeof(expected), "%s: free\n", key->text);
	assert_int_equal(command_run(&command, "who", key->text), 1);
	assert_string_equal(command.output, expected);
	assert_int_equal(command_run(&command, "who", key->text, "--json"), 1);
	assert_mentions(command.output, "\"state\": \"free\"");
}

static void tells_holder_keeper_and_waiters(void **state)
{
	struct key *key = *state;
	struct child *waiter = contender_start(key->text, "unix");
	char row[64];

	command_start(&holder, "run", key->text, "--", "sh", "-c",
		      "echo $$; read line");
	command_number(&holder);
	contender_queue(waiter, key->text, -1);
	assert_int_equal(command_run(&command, "who", key->text), 0);
	snprintf(row, sizeof(row), "  %d  ", (int)holder.pid);
	assert_mentions(command.output, row);
	snprintf(row, sizeof(row), "  %d  ", (int)waiter->pid);
	assert_mentions(strstr(command.output, "\n  1. "), row);
	assert_mentions(command.output, "\n  also ");
	command_end(&holder);
	assert_int_equal(contender_result(waiter), 0);
	/* What it holds, it has by its own: nobody keeps it as well. */
	assert_int_equal(command_run(&command, "who", key->text), 0);
	assert_mentions(command.output, row);
	assert_null(strstr(command.output, "\n  also "));
	child_end(waiter);
}

/* ---- ports ------------------------------------------------------------------- */

static int listen_on(uint16_t port)
{
	int fd = bind_port(port);

	require(fd >= 0 && listen(fd, 1) == 0);
	return fd;
}

static void one_stranger_does_no_harm(void **state)
{
	struct key *key = *state;
	char stranger[128];
	int fd = listen_on(key->ports[1]);

	assert_int_equal(command_run(&command, "who", key->text), 1);
	snprintf(stranger, sizeof(stranger), "127.0.0.1:%d: pid %d (",
		 key->ports[1], (int)getpid());
	assert_mentions(command.output, ": free\n");
	assert_mentions(command.output, stranger);
	assert_mentions(command.output, "), which is no portlock\n");
	assert_null(strstr(command.output, "ip_local_reserved_ports"));
	close(fd);
}

static void two_strangers_keep_tcp_away(void **state)
{
	struct key *key = *state;
	int fds[2] = { listen_on(key->ports[0]), listen_on(key->ports[2]) };

	assert_int_equal(command_run(&command, "who", key->text), 0);
	assert_mentions(command.output, "not to be had by tcp");
	assert_mentions(command.output,
			"net.ipv4.ip_local_reserved_ports=40000-60001");
	assert_mentions(command.output, "transport unix");
	assert_int_equal(
		command_run(&command, "run", "-t", "0.1", key->text, "true"),
		1);
	assert_mentions(command.errors, "which is no portlock");
	assert_mentions(command.errors, "ip_local_reserved_ports");
	assert_int_equal(command_run(&command, "run", "-n", "--transport",
				     "unix", key->text, "true"),
			 0);
	close(fds[0]);
	close(fds[1]);
}

/* Who closes first leaves a socket behind that is nobody's.  The key is not the
 * test's, whose end would wait the minute that it lasts. */
static void what_is_left_of_a_connection_is_told(void **state)
{
	char key[32];
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t length = sizeof(to);
	int listener = bind_port(0), fd, accepted;
	portlock_t *lock;
	uint16_t ports[PORTLOCK_PORTS];

	(void)state;
	snprintf(key, sizeof(key), "left-%d", (int)getpid());
	lock = open_lock(key, NULL);
	assert_int_equal(portlock_ports(lock, ports), 0);
	portlock_close(lock);
	fd = bind_port(ports[1]);
	assert_int_equal(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&to, &length);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, length), 0);
	accepted = accept(listener, NULL, NULL);
	close(fd);
	close(accepted);
	close(listener);
	do
		command_run(&command, "who", key);
	while (strstr(command.output, "which is no portlock"));
	assert_mentions(command.output, ": a connection that has ended, for "
					"another minute at most\n");
}

static json_t *ports_of(json_t **object, const char *key)
{
	command_run(&command, "who", key, "--json");
	*object = json_loads(command.output, 0, NULL);
	assert_non_null(*object);
	return json_object_get(*object, "ports");
}

static void assert_socket(const json_t *socket, int port, const char *of,
			  pid_t pid)
{
	const json_t *process = json_object_get(socket, "process");

	assert_int_equal(json_integer_value(json_object_get(socket, "port")),
			 port);
	assert_string_equal(json_string_value(json_object_get(socket, "of")),
			    of);
	assert_int_equal(json_integer_value(json_object_get(process, "pid")),
			 pid);
}

static void json_tells_strangers_from_portlocks(void **state)
{
	struct key *key = *state, near;
	struct child *holds, *neighbour;
	json_t *object, *ports;
	int fd;

	key_make_near(&near, key, 2);
	neighbour = contender_start(near.text, "tcp");
	fd = listen_on(key->ports[0]);
	assert_int_equal(contender_acquire(neighbour, 0), 0);
	ports = ports_of(&object, key->text);
	assert_socket(json_array_get(ports, 0), key->ports[0], "stranger",
		      getpid());
	/* Before Linux 6.8 the kernel does not tell of bound TCP sockets. */
	if (json_array_size(ports) > 1)
		assert_socket(json_array_get(ports, 1), key->ports[2],
			      "portlock", neighbour->pid);
	json_decref(object);
	close(fd);
	child_end(neighbour);
	holds = contender_start(key->text, "tcp");
	assert_int_equal(contender_acquire(holds, 0), 0);
	ports = ports_of(&object, key->text);
	for (size_t i = 0; i < json_array_size(ports); i++)
		assert_socket(json_array_get(ports, i), key->ports[i], "lock",
			      holds->pid);
	json_decref(object);
	child_end(holds);
	key_free(&near);
}

static void misuse_is_explained(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "who"), 64);
	assert_mentions(command.errors, "KEY is missing");
	assert_int_equal(command_run(&command, "who", ""), 64);
	assert_mentions(command.errors, "KEY is empty");
	assert_int_equal(command_run(&command, "who", "a", "b"), 64);
	assert_mentions(command.errors, "'b' is one word too many");
	assert_int_equal(command_run(&command, "who", "--yaml", "a"), 64);
	assert_mentions(command.errors, "unknown option '--yaml'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(tells_what_is_free),
		with_command(tells_holder_keeper_and_waiters),
		with_command(one_stranger_does_no_harm),
		with_command(two_strangers_keep_tcp_away),
		with_command(what_is_left_of_a_connection_is_told),
		with_command(json_tells_strangers_from_portlocks),
		with_command(misuse_is_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
