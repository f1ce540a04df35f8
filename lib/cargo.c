/* SPDX-License-Identifier: MIT */
/* cargo.c - descriptors that another user sends us unasked.
 *
 * Whoever closes a unix socket also closes, there and then, the descriptors
 * that were sent to it and not received.  That can be thousands of sockets,
 * and one with data that lingers (SO_LINGER) blocks for as long as its sender
 * likes.  So what we close in the middle of something must have none: since
 * Linux 6.16 a socket can refuse them, and takes the refusal along to the
 * connections in its queue.
 */
#include "config.h"

#include "internal.h"

/* Newer than many headers.  Elsewhere the number is another. */
#if !defined(SO_PASSRIGHTS) && !defined(__sparc__) && !defined(__hppa__)
#define SO_PASSRIGHTS 83
#endif

void pl_cargo_refuse(int socket)
{
#ifdef SO_PASSRIGHTS
	int pass = 0;

	/* Older kernels do not know it. */
	pl_ops->setsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &pass,
			   sizeof(pass));
#else
	(void)socket;
#endif
}

static bool is_refused(int socket)
{
#ifdef SO_PASSRIGHTS
	int pass = 1;
	socklen_t length = sizeof(pass);

	return pl_ops->getsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &pass,
				  &length) == 0 &&
	       pass == 0;
#else
	(void)socket;
	return false;
#endif
}

/* Descriptors come with bytes, and a waiter sends neither.  Bytes out of band
 * bring descriptors as well; they show where they are to come in line. */
static bool has_bytes(int connection)
{
	int in_line = 1;
	char byte;
	struct iovec data = { &byte, sizeof(byte) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	pl_ops->setsockopt(connection, SOL_SOCKET, SO_OOBINLINE, &in_line,
			   sizeof(in_line));
	return pl_ops->recvmsg(connection, &message, MSG_PEEK | MSG_DONTWAIT) >
	       0;
}

bool pl_cargo_possible(int connection)
{
	if (is_refused(connection))
		return false;
	/* After this nothing more can come. */
	pl_ops->shutdown(connection, SHUT_RD);
	return has_bytes(connection);
}
