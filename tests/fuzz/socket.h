/* SPDX-License-Identifier: MIT */
/* socket.h - plain sockets, as programs that know nothing of portlock have. */
#ifndef PORTLOCK_TESTS_FUZZ_SOCKET_H
#define PORTLOCK_TESTS_FUZZ_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <portlock/portlock.h>

/* Bound to the abstract name or to the port of 127.0.0.1: a descriptor, which
 * never blocks, or -errno. */
int socket_bind_name(const char *name, int type);
int socket_bind_port(int port, int type);

/* Connected to the abstract name: a descriptor or -errno. */
int socket_connect(const char *name);

bool socket_name_is_free(const char *name);
bool socket_port_is_free(int port);

/* Sends it with the descriptors and flags; what sendmsg() returns. */
ssize_t socket_send(int connection, const void *data, size_t size,
		    const int *fds, size_t count, int flags);

/* Whether a descriptor comes; it is closed. */
bool socket_gets_descriptors(int connection);

/* A key of this process, whose ports are free and no other test's. */
struct socket_key {
	char text[64];
	uint16_t ports[PORTLOCK_PORTS];
};

/* Made once; always the same one. */
const struct socket_key *socket_key(void);

/* How many descriptors this process has open. */
int sockets_open(void);

#endif
