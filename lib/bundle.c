/* SPDX-License-Identifier: MIT */
/* bundle.c - the descriptors that are the lock. */
#include "config.h"

#include <string.h>

#include "session.h"

int pl_bundle_list(const struct pl_bundle *bundle, int fds[PL_BUNDLE_MAX])
{
	int count = 0;

	if (bundle->gate >= 0)
		fds[count++] = bundle->gate;
	for (int i = 0; i < PL_QUORUM; i++)
		if (bundle->ports[i] >= 0)
			fds[count++] = bundle->ports[i];
	if (bundle->session >= 0) {
		fds[count++] = bundle->session;
		fds[count++] = bundle->timer;
	}
	return count;
}

static void drop(int *fd)
{
	if (*fd >= 0)
		pl_ops->close(*fd);
	*fd = -1;
}

void pl_bundle_close_ports(struct pl_bundle *bundle)
{
	for (int i = 0; i < PL_QUORUM; i++)
		drop(&bundle->ports[i]);
}

void pl_bundle_close_session(struct pl_bundle *bundle)
{
	drop(&bundle->session);
	drop(&bundle->timer);
}

/*
 * The gate last: who finds it free must not meet our ports still bound, or it
 * would have to pause and try again.
 */
void pl_bundle_close(struct pl_bundle *bundle)
{
	pl_bundle_close_session(bundle);
	pl_bundle_close_ports(bundle);
	drop(&bundle->gate);
}

/* An integer option of a socket, -1 if there is none. */
static int option_of(int fd, int name)
{
	int value = -1;
	socklen_t length = sizeof(value);

	if (pl_ops->getsockopt(fd, SOL_SOCKET, name, &value, &length) < 0)
		return -1;
	return value;
}

union any_address {
	struct sockaddr any;
	struct sockaddr_un gate;
	struct sockaddr_in port;
};

static bool is_gate(const union any_address *name, socklen_t length,
		    const struct pl_address *address)
{
	return name->any.sa_family == AF_UNIX &&
	       length == address->gate_length &&
	       memcmp(&name->gate, &address->gate, length) == 0;
}

/* The index of the port among the address's, or -1. */
static int port_index(const union any_address *name,
		      const struct pl_address *address)
{
	int index;

	if (name->any.sa_family != AF_INET ||
	    name->port.sin_addr.s_addr != htonl(INADDR_LOOPBACK))
		return -1;
	index = ntohs(name->port.sin_port) - address->first_port;
	return index >= 0 && index < PORTLOCK_PORTS ? index : -1;
}

static bool adopt_session(struct pl_bundle *bundle, int fd,
			  const struct pl_address *address)
{
	int *place = NULL;

	if (!*address->session)
		return false;
	if (bundle->timer < 0 && pl_is_timer(fd))
		place = &bundle->timer;
	else if (bundle->session < 0 && pl_is_session(fd, address))
		place = &bundle->session;
	if (!place)
		return false;
	*place = fd;
	return true;
}

/* True if the descriptor found its place in the bundle. */
static bool adopt_one(struct pl_bundle *bundle, unsigned *seen, int fd,
		      const struct pl_address *address)
{
	union any_address name;
	socklen_t length = sizeof(name);
	int index;

	memset(&name, 0, sizeof(name));
	/* Each type of socket has names of its own. */
	if (option_of(fd, SO_TYPE) != SOCK_STREAM ||
	    pl_ops->getsockname(fd, &name.any, &length) < 0)
		return adopt_session(bundle, fd, address);
	/* What cannot listen is no gate; what can names us from now on.  A
	 * release must find it as pl_gate_bind() makes it: never blocking. */
	if (bundle->gate < 0 && is_gate(&name, length, address) &&
	    pl_ops->listen(fd, PL_BACKLOG) == 0 &&
	    pl_ops->set_status(fd, PL_GOES_ON) == 0) {
		bundle->gate = fd;
		return true;
	}
	index = port_index(&name, address);
	if (index < 0 || *seen & 1u << index)
		return false;
	for (int i = 0; i < PL_QUORUM; i++) {
		if (bundle->ports[i] >= 0)
			continue;
		bundle->ports[i] = fd;
		*seen |= 1u << index;
		return true;
	}
	return false;
}

bool pl_bundle_adopt(struct pl_bundle *bundle, const int *fds, int count,
		     const struct pl_address *address)
{
	unsigned seen = 0;

	for (int i = 0; i < count; i++)
		if (!adopt_one(bundle, &seen, fds[i], address))
			pl_ops->close(fds[i]);
	/* One is nothing without the other. */
	if (bundle->session < 0 || bundle->timer < 0)
		pl_bundle_close_session(bundle);
	if (bundle->gate < 0)
		pl_bundle_close(bundle);
	return bundle->gate >= 0;
}
