/* SPDX-License-Identifier: MIT */
/* keys.c - keys whose names nobody else has, and that all of these are free
 * again at the end.
 */
#include "config.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/torture/torture.h"

static int reserved[KEYS_MAX][PORTLOCK_PORTS];

/* The name that stands for a port among all tests of this moment. */
static int reserve(uint16_t port)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int length;

	length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
			  "portlock-test-port-%d", port);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address,
			    (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
					1 + (size_t)length)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool port_is_free(uint16_t port)
{
	int fd = stranger_bind_port(INADDR_LOOPBACK, port);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool has_port(const struct ground *ground, uint16_t port)
{
	for (int i = 0; ground && i < PORTLOCK_PORTS; i++)
		if (ground->ports[i] == port)
			return true;
	return false;
}

static void let_go(int key)
{
	for (int i = 0; i < PORTLOCK_PORTS; i++)
		if (reserved[key][i] >= 0)
			close(reserved[key][i]);
}

/* The ports of the key, but for those of the neighbour: false if others use
 * them. */
static bool reserve_all(int key, const struct ground *neighbour)
{
	struct ground *ground = &arena->grounds[key];
	bool taken = true;

	for (int i = 0; i < PORTLOCK_PORTS; i++) {
		uint16_t port = ground->ports[i];

		reserved[key][i] = -1;
		if (!taken || has_port(neighbour, port))
			continue;
		reserved[key][i] = reserve(port);
		taken = reserved[key][i] >= 0 && port_is_free(port);
	}
	if (!taken)
		let_go(key);
	return taken;
}

static void name_key(int key, unsigned number)
{
	struct ground *ground = &arena->grounds[key];
	portlock_t *lock;

	snprintf(ground->key, sizeof(ground->key), "torture-%d-%u",
		 (int)getpid(), number);
	if (portlock_open(&lock, ground->key, NULL) < 0) {
		fprintf(stderr, "torture: no memory\n");
		exit(71);
	}
	portlock_ports(lock, ground->ports);
	portlock_close(lock);
}

void keys_make(void)
{
	unsigned number = 0;

	for (int key = 0; key < arena->plan.keys; key++) {
		struct ground *ground = &arena->grounds[key];
		bool is_last = key > 1 && key == arena->plan.keys - 1;
		struct ground *neighbour = is_last ? ground - 1 : NULL;

		do
			name_key(key, number++);
		while ((neighbour && ground->ports[0] != neighbour->ports[1]) ||
		       !reserve_all(key, neighbour));
	}
}

void keys_free(void)
{
	for (int key = 0; key < arena->plan.keys; key++)
		let_go(key);
}

/* Any socket that has the gate's name, whether listening or waiting. */
static bool is_in_kernel(const struct ground *ground)
{
	char line[512], wanted[128];
	bool found = false;
	FILE *file = fopen("/proc/net/unix", "re");

	snprintf(wanted, sizeof(wanted), " @/portlock/%s\n", ground->key);
	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, wanted) != NULL;
	if (file)
		fclose(file);
	return found || !file;
}

static bool is_free(const struct ground *ground)
{
	int gate;

	if (is_in_kernel(ground))
		return false;
	for (int i = 0; i < PORTLOCK_PORTS; i++)
		if (!port_is_free(ground->ports[i]))
			return false;
	gate = stranger_bind_gate(ground->key);
	if (gate >= 0)
		close(gate);
	return gate >= 0;
}

/* The kernel takes a moment to drop what was on its way to a dead process. */
void keys_check(void)
{
	int64_t end = now_ns() + arena->plan.patience * SEC;

	for (int key = 0; key < arena->plan.keys; key++) {
		const struct ground *ground = &arena->grounds[key];

		while (!is_free(ground) && now_ns() < end)
			sleep_ns(10 * MSEC);
		if (!is_free(ground))
			violation(NAMES,
				  "key %d (%s): its gate or one of the ports "
				  "%d to %d is still bound",
				  key, ground->key, ground->ports[0],
				  ground->ports[2]);
	}
}
