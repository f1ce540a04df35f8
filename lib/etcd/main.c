/* SPDX-License-Identifier: MIT */
/* main.c - portlock-session: waits until its handle is gone. */
#include "config.h"

#include <sys/socket.h>

#include "lib/etcd/protocol.h"

int main(void)
{
	char packet[SESSION_CONFIGURE_MAX];

	while (recv(SESSION_SOCKET, packet, sizeof(packet), 0) > 0)
		continue;
	return 0;
}
