/* SPDX-License-Identifier: MIT */
/* fuzz_keys.c - a key in the first line, another one after it.
 *
 * Their names and ports are what the header says, by other means; short keys
 * have names of their own; a lock of any key can be had, excludes, and is gone.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sha1.h>

#include "fuzz.h"
#include "lib/internal.h"
#include "socket.h"

const char fuzz_name[] = "keys";

#define PREFIX "/portlock/"
#define SHORT 97
#define KEPT 56

static unsigned first_port(const char *hex)
{
	unsigned rest = 0, digit;

	for (; sscanf(hex, "%1x", &digit) == 1; hex++)
		rest = (16 * rest + digit) % 20000;
	return 40000 + rest;
}

static void check_address(const struct pl_address *address, const char *key)
{
	char hex[SHA1_DIGEST_STRING_LENGTH];
	const char *name = address->name;
	size_t length = strlen(name);

	SHA1Data((const uint8_t *)key, strlen(key), hex);
	fuzz_check(address->first_port == first_port(hex));
	fuzz_check(length <= PL_GATE_MAX);
	fuzz_check(strncmp(name, PREFIX, strlen(PREFIX)) == 0);
	name += strlen(PREFIX);
	if (strlen(key) <= SHORT) {
		fuzz_check(strcmp(name, key) == 0);
	} else {
		fuzz_check(length == PL_GATE_MAX);
		fuzz_check(strncmp(name, key, KEPT) == 0);
		fuzz_check(name[KEPT] == '~');
		fuzz_check(strcmp(name + KEPT + 1, hex) == 0);
	}
	fuzz_check(address->gate.sun_family == AF_UNIX);
	fuzz_check(address->gate.sun_path[0] == '\0');
	fuzz_check(memcmp(address->gate.sun_path + 1, address->name, length) ==
		   0);
	fuzz_check(address->gate_length ==
		   offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

static void check_handle(const char *key)
{
	uint16_t ports[PORTLOCK_PORTS];
	struct pl_address address;
	portlock_t *lock = (portlock_t *)key;
	int error = portlock_open(&lock, key, NULL);

	fuzz_check(error == (*key ? 0 : -EINVAL));
	fuzz_check((lock != NULL) == (error == 0));
	if (!lock)
		return;
	pl_address_of_key(&address, key);
	check_address(&address, key);
	fuzz_check(strcmp(portlock_gate(lock), address.name) == 0);
	fuzz_check(portlock_ports(lock, ports) == 0);
	for (int i = 0; i < PORTLOCK_PORTS; i++)
		fuzz_check(ports[i] == address.first_port + i);
	fuzz_check(!portlock_has_locked(lock) && portlock_token(lock) == 0);
	portlock_close(lock);
}

static void check_pair(const char *one, const char *other)
{
	struct pl_address first, second;
	bool equal = strcmp(one, other) == 0;

	if (!*one || !*other)
		return;
	pl_address_of_key(&first, one);
	pl_address_of_key(&second, other);
	if (equal || (strlen(one) <= SHORT) == (strlen(other) <= SHORT))
		fuzz_check((strcmp(first.name, second.name) == 0) == equal);
}

/* Names that no other program has: the key's beginning is ours. */
static void check_lock(const char *text)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	portlock_t *lock, *second;
	uint64_t token;
	char *key;
	int fds = sockets_open();

	options.transport = "unix";
	fuzz_check(asprintf(&key, "fuzz-keys-%d-%s", getpid(), text) > 0);
	fuzz_check(portlock_open(&lock, key, &options) == 0);
	fuzz_check(portlock_open(&second, key, &options) == 0);
	fuzz_check(portlock_try_lock(lock) == 0);
	fuzz_check(portlock_has_locked(lock) && !portlock_has_locked(second));
	fuzz_check(socket_bind_name(portlock_gate(lock), SOCK_STREAM) ==
		   -EADDRINUSE);
	fuzz_check(portlock_try_lock(second) == -EDEADLK);
	token = portlock_token(lock);
	fuzz_check(token > 0 && portlock_release(second) == 0);
	fuzz_check(portlock_has_locked(lock) && portlock_release(lock) == 0);
	fuzz_check(!portlock_has_locked(lock));
	fuzz_check(portlock_acquire_for(second, 0) == 0);
	fuzz_check(portlock_token(second) > token);
	portlock_close(second);
	fuzz_check(socket_name_is_free(portlock_gate(lock)));
	portlock_close(lock);
	free(key);
	fuzz_check(sockets_open() == fds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, data + size };
	char *one = input_text(&input, '\n', &size);
	char *other = input_text(&input, INPUT_ALL, &size);

	check_handle(one);
	check_handle(other);
	check_pair(one, other);
	check_lock(one);
	free(one);
	free(other);
	return 0;
}
