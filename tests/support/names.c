/* SPDX-License-Identifier: MIT */
/* names.c - keys for the tests, and their ports and gates as plain sockets see
 * them.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include <sha1.h>

#include "support.h"

/* The documented rule, the long way round: hexadecimal digits to a number. */
static uint16_t first_port(const char *key)
{
	char hex[SHA1_DIGEST_STRING_LENGTH];
	long rest = 0;

	SHA1Data((const uint8_t *)key, strlen(key), hex);
	for (const char *digit = hex; *digit; digit++) {
		char one[2] = { *digit, '\0' };

		rest = (16 * rest + strtol(one, NULL, 16)) % 20000;
	}
	return (uint16_t)(40000 + rest);
}

static int bind_socket(int domain, int type, const void *address, size_t size)
{
	int fd = socket(domain, type | SOCK_CLOEXEC, 0);
	int error;

	require(fd >= 0);
	if (bind(fd, address, (socklen_t)size) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

int bind_port(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port) };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return bind_socket(AF_INET, SOCK_STREAM, &address, sizeof(address));
}

static int bind_abstract(int type, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(name);

	require(length < sizeof(address.sun_path));
	memcpy(address.sun_path + 1, name, length);
	return bind_socket(AF_UNIX, type, &address,
			   offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

int bind_gate(const char *key)
{
	char name[108];

	snprintf(name, sizeof(name), "/portlock/%s", key);
	return bind_abstract(SOCK_STREAM, name);
}

bool port_is_free(uint16_t port)
{
	int fd = bind_port(port);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

unsigned ports_bound(const struct key *key)
{
	unsigned bits = 0;

	for (int i = 0; i < PORTLOCK_PORTS; i++)
		if (!port_is_free(key->ports[i]))
			bits |= 1u << i;
	return bits;
}

/* A name that stands for the port among the tests that run at this moment. */
static int reserve(uint16_t port)
{
	char name[64];

	snprintf(name, sizeof(name), "portlock-test-port-%d", port);
	return bind_abstract(SOCK_DGRAM, name);
}

static bool is_reserved_by(const struct key *key, uint16_t port)
{
	for (int i = 0; key && i < PORTLOCK_PORTS; i++)
		if (key->ports[i] == port)
			return true;
	return false;
}

/* Reserves the ports that the neighbour has not reserved; false if another
 * test has them, or anybody is using them. */
static bool take(struct key *key, const struct key *neighbour)
{
	bool taken = true;

	for (int i = 0; i < PORTLOCK_PORTS; i++) {
		key->reserved[i] = -1;
		if (!taken || is_reserved_by(neighbour, key->ports[i]))
			continue;
		key->reserved[i] = reserve(key->ports[i]);
		taken = key->reserved[i] >= 0 && port_is_free(key->ports[i]);
	}
	if (!taken)
		key_free(key);
	return taken;
}

void key_make_near(struct key *key, const struct key *other, int distance)
{
	static unsigned counter;

	do {
		snprintf(key->text, sizeof(key->text), "%.24s-%d-%u",
			 program_invocation_short_name, (int)getpid(),
			 counter++);
		for (int i = 0; i < PORTLOCK_PORTS; i++)
			key->ports[i] = (uint16_t)(first_port(key->text) + i);
	} while ((other && key->ports[0] != other->ports[0] + distance) ||
		 !take(key, other));
}

void key_make(struct key *key)
{
	key_make_near(key, NULL, 0);
}

void key_free(struct key *key)
{
	for (int i = 0; i < PORTLOCK_PORTS; i++)
		if (key->reserved[i] >= 0)
			close(key->reserved[i]);
}

/* Calls see(state, number) for each socket with the gate's name; the state
 * is the column St: 1 the gate itself, 2 waiting in its queue, 3 accepted. */
static void look_at_gate(const char *key,
			 void (*see)(unsigned state, int *number), int *number)
{
	char line[512], wanted[160];
	FILE *file = fopen("/proc/net/unix", "re");

	require(file);
	snprintf(wanted, sizeof(wanted), "@/portlock/%s", key);
	while (fgets(line, sizeof(line), file)) {
		char name[256] = "";
		unsigned state = 0;

		if (sscanf(line, "%*s %*s %*s %*s %*s %x %*s %255[^\n]", &state,
			   name) == 2 &&
		    strcmp(name, wanted) == 0)
			see(state, number);
	}
	fclose(file);
}

static void count_gate(unsigned state, int *number)
{
	*number += state == 1;
}

static void count_queue(unsigned state, int *number)
{
	*number += state == 2;
}

/* What two looks in a row agree on: the kernel tells its table in pieces, and
 * what goes between two of them can take another socket out of sight. */
static int count_twice(const char *key,
		       void (*see)(unsigned state, int *number))
{
	int number = -1, last;

	do {
		last = number;
		number = 0;
		look_at_gate(key, see, &number);
	} while (number != last);
	return number;
}

bool gate_is_bound(const char *key)
{
	return count_twice(key, count_gate) > 0;
}

int gate_queue(const char *key)
{
	return count_twice(key, count_queue);
}

struct queue {
	const char *key;
	int length;
};

static bool has_length(void *argument)
{
	struct queue *queue = argument;

	return gate_queue(queue->key) == queue->length;
}

void wait_for_queue(const char *key, int length)
{
	struct queue queue = { key, length };

	wait_until(has_length, &queue);
}

static bool is_bound(void *key)
{
	return gate_is_bound(key);
}

void wait_for_gate(const char *key)
{
	wait_until(is_bound, (void *)key);
}

int key_setup(void **state)
{
	struct key *key = calloc(1, sizeof(*key));

	require(key);
	key_make(key);
	*state = key;
	return 0;
}

const char *key_text(void **state)
{
	return ((struct key *)*state)->text;
}

static bool is_all_free(void *argument)
{
	struct key *key = argument;

	return !gate_is_bound(key->text) && ports_bound(key) == 0;
}

int key_teardown(void **state)
{
	struct key *key = *state;

	/* What was on its way to a killed process goes a moment later. */
	children_kill();
	wait_until(is_all_free, key);
	key_free(key);
	free(key);
	return 0;
}
