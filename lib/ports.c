/* SPDX-License-Identifier: MIT */
/* ports.c - two of the three TCP ports of a key. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "internal.h"

static int bind_port(int fd, int port)
{
	struct sockaddr_in address;

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)port);
	if (pl_ops->bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	if (errno == EADDRINUSE || errno == EADDRNOTAVAIL)
		return -errno;
	return pl_failure();
}

/*
 * The next free port from *index on, into *fd: a plain bind, without
 * SO_REUSEADDR (with it two unconnected sockets share a port), without
 * listen (nobody shall be able to connect and leave TIME_WAIT behind).
 */
static int bind_next(int *fd, int *index, const struct pl_address *address)
{
	int error = -EADDRINUSE;

	*fd = pl_ops->socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return pl_failure();
	/* A socket that could not be bound can be tried on the next port. */
	while (error == -EADDRINUSE && *index < PORTLOCK_PORTS)
		error = bind_port(*fd, address->first_port + (*index)++);
	if (error < 0) {
		pl_ops->close(*fd);
		*fd = -1;
	}
	return error;
}

/*
 * Nothing is kept of a round that fails: contenders that each sit on one port
 * and wait for another would all fail.  It stops at two: a third would cost as
 * much again and make neighbouring keys collide.
 */
int pl_ports_bind(struct pl_bundle *bundle, const struct pl_address *address)
{
	int index = 0;
	int error = 0;

	pl_window_open();
	pl_bundle_close_ports(bundle);
	for (int i = 0; i < PL_QUORUM && error == 0; i++)
		error = bind_next(&bundle->ports[i], &index, address);
	if (error < 0)
		pl_bundle_close_ports(bundle);
	pl_window_close();
	return error;
}
