/* SPDX-License-Identifier: MIT */
/* ports.c - the ports of a name, by the original's documented algorithm. */
#include "config.h"

#include <string.h>

#include "bench/locks/ports.h"
#include "lib/internal.h"

struct sockaddr_in port_of_name(const char *name, int index)
{
	struct sockaddr_in port = { .sin_family = AF_INET };
	struct pl_address address;

	pl_address_of_key(&address, name);
	port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	port.sin_port = htons((uint16_t)(address.first_port + index));
	return port;
}
