/* SPDX-License-Identifier: MIT */
/* look_ports.c - who sits on a key's ports. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag_inet.h"
#include "look.h"
#include "owners.h"
#include "table.h"

static bool is_loopback(const struct inet_socket *socket)
{
	return !socket->is_v6 &&
	       socket->address.s6_addr32[0] == htonl(INADDR_LOOPBACK);
}

/* Whether it keeps 127.0.0.1 from being bound, which a socket of all addresses
 * does too; one of IPv6 if it is for IPv4 as well. */
static bool is_in_the_way(const struct inet_socket *socket)
{
	const struct in6_addr *address = &socket->address;
	in_addr_t v4 = address->s6_addr32[0];

	if (socket->is_v6 && IN6_IS_ADDR_UNSPECIFIED(address))
		return !socket->v6_only;
	if (socket->is_v6 && !IN6_IS_ADDR_V4MAPPED(address))
		return false;
	if (socket->is_v6)
		v4 = address->s6_addr32[3];
	return v4 == htonl(INADDR_ANY) || v4 == htonl(INADDR_LOOPBACK);
}

static int read_sockets(struct inet_sockets *sockets, uint16_t first_port)
{
	int kept = 0, error = 0;

	for (int i = 0; error == 0 && i < PORTLOCK_PORTS; i++)
		error = diag_inet(sockets, (uint16_t)(first_port + i));
	for (int i = 0; i < sockets->count; i++)
		if (is_in_the_way(&sockets->list[i]))
			sockets->list[kept++] = sockets->list[i];
	sockets->count = kept;
	return error;
}

static void name(struct look_socket *named, const struct inet_socket *socket)
{
	char address[INET6_ADDRSTRLEN];

	inet_ntop(socket->is_v6 ? AF_INET6 : AF_INET, &socket->address, address,
		  sizeof(address));
	snprintf(named->address, sizeof(named->address),
		 socket->is_v6 ? "[%s]:%u" : "%s:%u", address, socket->port);
}

/* The process that is seen to have it, or the user that made it. */
static void describe(struct look_socket *found,
		     const struct inet_socket *socket,
		     const struct owners *owners)
{
	const struct owner *owner;
	int count;

	memset(found, 0, sizeof(*found));
	found->port = socket->port;
	found->state = socket->state;
	name(found, socket);
	found->process.uid = socket->uid;
	found->process.state = '?';
	owner = owners_of(owners, socket->inode, &count);
	if (owner)
		found->process = owners->facts[owner->fact].process;
}

static bool has_process(const struct look_lock *lock,
			const struct look_process *process)
{
	if (lock->holder.pid == process->pid)
		return process->pid != 0 || lock->holder.uid == process->uid;
	for (int i = 0; i < lock->other_count; i++)
		if (lock->others[i].pid == process->pid)
			return true;
	return false;
}

/* A process may hold several keys, so the port must be the lock's as well. */
static const char *gate_of(const struct look *locks,
			   const struct look_socket *found)
{
	for (int i = 0; i < locks->count; i++) {
		const struct look_lock *lock = &locks->locks[i];
		int distance = found->port - pl_first_port_of(lock->gate);

		if (lock->ports != 0 && distance >= 0 &&
		    distance < PORTLOCK_PORTS &&
		    has_process(lock, &found->process))
			return lock->gate;
	}
	return "";
}

static int find_owners(struct owners *owners,
		       const struct inet_sockets *sockets)
{
	uint32_t *inodes = calloc((size_t)sockets->count + 1, sizeof(*inodes));
	int error;

	if (!inodes)
		return -ENOMEM;
	for (int i = 0; i < sockets->count; i++)
		inodes[i] = sockets->list[i].inode;
	error = owners_find(owners, inodes, sockets->count);
	free(inodes);
	return error;
}

static int describe_all(struct look_socket *found,
			const struct inet_sockets *sockets, uint16_t first_port)
{
	struct owners owners;
	struct look locks;
	int error;

	/* Nothing is there: no need to look at processes. */
	if (sockets->count == 0)
		return 0;
	error = find_owners(&owners, sockets);

	if (error < 0)
		return error;
	error = look_near(&locks, first_port);
	for (int i = 0; error == 0 && i < sockets->count; i++) {
		const struct inet_socket *socket = &sockets->list[i];

		describe(&found[i], socket, &owners);
		if (socket->state == LOOK_BOUND && is_loopback(socket))
			strcpy(found[i].gate, gate_of(&locks, &found[i]));
	}
	if (error == 0)
		look_free(&locks);
	owners_free(&owners);
	return error;
}

int look_ports(struct look_socket **sockets, int *count, uint16_t first_port)
{
	struct inet_sockets raw = { 0 };
	int error = read_sockets(&raw, first_port);

	*sockets = NULL;
	*count = 0;
	if (error == 0) {
		*sockets = calloc((size_t)raw.count + 1, sizeof(**sockets));
		error = *sockets ? describe_all(*sockets, &raw, first_port)
				 : -ENOMEM;
	}
	if (error < 0) {
		free(*sockets);
		*sockets = NULL;
	} else {
		*count = raw.count;
	}
	free(raw.list);
	return error;
}
