/* SPDX-License-Identifier: MIT */
/* diag_inet.h - the TCP sockets that have a port. */
#ifndef PORTLOCK_LOOK_DIAG_INET_H
#define PORTLOCK_LOOK_DIAG_INET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct inet_socket {
	uint16_t port;
	int state;
	bool is_v6, v6_only;
	struct in6_addr address; /* of IPv4: the first four bytes */
	uint32_t inode;		 /* 0: no process has it any more */
	uid_t uid;
};

struct inet_sockets {
	struct inet_socket *list;
	int count;
	uint16_t port; /* that is asked for */
};

/* Adds those of that local port, in every state; 0 or -errno. */
int diag_inet(struct inet_sockets *sockets, uint16_t port);

#endif
