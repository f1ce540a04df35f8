/* SPDX-License-Identifier: MIT */
/* diag_inet.c - the TCP sockets that have a port, as sock_diag tells them. */
#include "config.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "diag_inet.h"
#include "look.h"
#include "netlink.h"
#include "table.h"

/* Connections that begin have no port of their own, but their listener's. */
#define STATES                                                                 \
	(((1u << (LOOK_BOUND + 1)) - 1) & ~(1u << TCP_SYN_RECV | 1u << 12))

#define DUMPS_MAX 5

static int take_socket(const void *entry, size_t size, void *argument)
{
	struct inet_sockets *sockets = argument;
	struct inet_socket *list, *socket;
	struct inet_diag_msg head;
	const uint8_t *v6_only;
	size_t length;

	if (size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, entry, sizeof(head));
	if (ntohs(head.id.idiag_sport) != sockets->port)
		return 0;
	list = table_grow(sockets->list, sockets->count, sizeof(*list));
	if (!list)
		return -ENOMEM;
	sockets->list = list;
	socket = &list[sockets->count++];
	memset(socket, 0, sizeof(*socket));
	socket->port = sockets->port;
	/* What is bound and nothing else is called closed. */
	socket->state =
		head.idiag_state == TCP_CLOSE ? LOOK_BOUND : head.idiag_state;
	socket->is_v6 = head.idiag_family == AF_INET6;
	memcpy(&socket->address, head.id.idiag_src, sizeof(socket->address));
	socket->inode = head.idiag_inode;
	socket->uid = head.idiag_inode ? head.idiag_uid : TABLE_UID_UNKNOWN;
	v6_only = netlink_attribute(entry, size, sizeof(head),
				    INET_DIAG_SKV6ONLY, &length);
	socket->v6_only = v6_only && length >= 1 && *v6_only;
	return 0;
}

static int dump(struct inet_sockets *sockets, uint8_t family)
{
	const struct inet_diag_req_v2 request = {
		.sdiag_family = family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = STATES,
		.id.idiag_sport = htons(sockets->port),
	};
	int fd = netlink_open();
	int error;

	if (fd < 0)
		return fd;
	error = netlink_dump(fd, &request, sizeof(request), take_socket,
			     sockets);
	close(fd);
	return error;
}

/* Again if the table changed under the kernel's hands. */
static int dump_whole(struct inet_sockets *sockets, uint8_t family)
{
	int before = sockets->count;
	int error = -EAGAIN;

	for (int dumps = 0; dumps < DUMPS_MAX && error == -EAGAIN; dumps++) {
		sockets->count = before;
		error = dump(sockets, family);
	}
	return error;
}

int diag_inet(struct inet_sockets *sockets, uint16_t port)
{
	int error;

	sockets->port = port;
	error = dump_whole(sockets, AF_INET);
	/* Where there is no IPv6, nothing of it is in the way. */
	if (error == 0)
		error = dump_whole(sockets, AF_INET6);
	return error;
}
