/* SPDX-License-Identifier: MIT */
/* portlock.c - portlock's own locks, by their public functions. */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <portlock/portlock.h>

#include "bench/fail.h"
#include "bench/lock.h"
#include "bench/locks/portlock.h"
#include "bench/locks/ports.h"

struct lock {
	portlock_t *portlock;
	struct sockaddr_un gate; /* of the floor: a name of its own */
	socklen_t gate_length;
	struct sockaddr_in ports[2];
};

static void name_floor(struct lock *lock, const char *name)
{
	int length;

	lock->gate.sun_family = AF_UNIX;
	length = snprintf(lock->gate.sun_path + 1,
			  sizeof(lock->gate.sun_path) - 1, "/portlock/%s-floor",
			  name);
	lock->gate_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
					1 + (size_t)length);
	for (int i = 0; i < 2; i++)
		lock->ports[i] = port_of_name(name, i);
}

void *lock_portlock_open(const char *name, const char *transport)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	struct lock *lock = calloc(1, sizeof(*lock));
	int error;

	if (!lock)
		return NULL;
	options.timeout_ms = -1;
	options.transport = transport;
	error = portlock_open(&lock->portlock, name, &options);
	if (error == 0) {
		name_floor(lock, name);
		return lock;
	}
	free(lock);
	errno = -error;
	return NULL;
}

int lock_portlock_acquire(void *lock)
{
	portlock_t *portlock = ((struct lock *)lock)->portlock;
	int error = portlock_acquire(portlock);
	char detail[256];

	if (error && portlock_detail(portlock, detail, sizeof(detail)) == 0 &&
	    *detail)
		warn("%s", detail);
	return -error;
}

int lock_portlock_release(void *lock)
{
	return -portlock_release(((struct lock *)lock)->portlock);
}

void lock_portlock_close(void *lock, bool remove)
{
	(void)remove;
	portlock_close(((struct lock *)lock)->portlock);
	free(lock);
}

static int make_gate(const struct lock *lock)
{
	int gate =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)bind(gate, (const struct sockaddr *)&lock->gate,
		   lock->gate_length);
	listen(gate, 4096);
	return gate;
}

static void drop_gate(int gate)
{
	static const struct timespec at_once;
	struct pollfd waiter = { .fd = gate, .events = POLLIN };

	ppoll(&waiter, 1, &at_once, NULL);
	close(gate);
}

void lock_portlock_floor_unix(void *lock)
{
	drop_gate(make_gate(lock));
}

void lock_portlock_floor_tcp(void *opened)
{
	const struct lock *lock = opened;
	int gate = make_gate(lock), ports[2];

	for (int i = 0; i < 2; i++) {
		ports[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		(void)bind(ports[i], (const struct sockaddr *)&lock->ports[i],
			   sizeof(lock->ports[i]));
	}
	for (int i = 0; i < 2; i++)
		close(ports[i]);
	drop_gate(gate);
}
