/* SPDX-License-Identifier: MIT */
/* stranger.c - programs that follow one of the documented rules, as k3portlock
 * does, and programs that take a port by chance.
 */
#include "config.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/torture/torture.h"

static int bind_socket(int domain, const void *address, size_t size)
{
	int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, address, (socklen_t)size) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int stranger_bind_gate(const char *key)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static const char prefix[] = "/portlock/";
	size_t length = strlen(key);

	memcpy(address.sun_path + 1, prefix, strlen(prefix));
	memcpy(address.sun_path + 1 + strlen(prefix), key, length);
	return bind_socket(AF_UNIX, &address,
			   offsetof(struct sockaddr_un, sun_path) + 1 +
				   strlen(prefix) + length);
}

int stranger_bind_port(uint32_t address, uint16_t port)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_port = htons(port) };

	name.sin_addr.s_addr = htonl(address);
	return bind_socket(AF_INET, &name, sizeof(name));
}

static void close_all(int *fds, int count)
{
	for (int i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void hold(struct draw *draw, int key, int rooms, struct who who)
{
	arena_event(STRANGERS_INSIDE);
	referee_enter(key, rooms, 0, who);
	sleep_ns(draw_below(draw, 2000) * INT64_C(1000));
	referee_leave(key, rooms, who);
}

static void act_gate(struct draw *draw, int key, struct who who)
{
	int fd = stranger_bind_gate(arena->grounds[key].key);

	if (fd < 0)
		return;
	hold(draw, key, IN_GATE, who);
	close(fd);
}

static void act_ports(struct draw *draw, int key, struct who who)
{
	int fds[PORTLOCK_PORTS] = { -1, -1, -1 };
	int bound = 0;

	for (int i = 0; i < PORTLOCK_PORTS && bound < 2; i++) {
		fds[i] = stranger_bind_port(INADDR_LOOPBACK,
					    arena->grounds[key].ports[i]);
		bound += fds[i] >= 0;
	}
	if (bound == 2)
		hold(draw, key, IN_PORTS, who);
	close_all(fds, PORTLOCK_PORTS);
}

static void squat(struct draw *draw, int key)
{
	uint32_t address = draw_one_in(draw, 2) ? INADDR_LOOPBACK : INADDR_ANY;
	int first = draw_below(draw, PORTLOCK_PORTS);
	int fds[PORTLOCK_PORTS] = { -1, -1, -1 };

	for (int i = first; i < PORTLOCK_PORTS; i++)
		fds[i] = stranger_bind_port(address,
					    arena->grounds[key].ports[i]);
	arena_event(SQUATS);
	sleep_ns(draw_below(draw, 5000) * INT64_C(1000));
	close_all(fds, PORTLOCK_PORTS);
}

void stranger_run(enum stranger kind, int slot, int round, uint32_t id)
{
	struct draw draw = draw_begin(arena->plan.seed, slot, round, 0);
	struct who who = { id, 0 };

	process_begin();
	while (!atomic_load(&arena->over)) {
		int key = draw_below(&draw, arena->plan.keys);

		if (kind == GATE_PEER)
			act_gate(&draw, key, who);
		else if (kind == PORT_PEER)
			act_ports(&draw, key, who);
		else
			squat(&draw, key);
		sleep_ns(draw_below(&draw, 20000) * INT64_C(1000));
	}
	_exit(0);
}
