/* SPDX-License-Identifier: MIT */
/* netlink.h - questions to the kernel's tables of sockets (sock_diag). */
#ifndef PORTLOCK_LOOK_NETLINK_H
#define PORTLOCK_LOOK_NETLINK_H

#include <stddef.h>
#include <stdint.h>

/* No message of the kernel's answers is larger. */
#define NETLINK_ROOM 32768

/* Takes one entry of an answer: 0, or -errno, which ends the dump. */
typedef int netlink_take(const void *entry, size_t size, void *argument);

/*
 * Takes the entries of a piece of an answer: 1 if there is more to come, 0 at
 * the end, -errno.  -EAGAIN: the table has changed under the kernel's hands, to
 * be asked again; -EBADMSG: not what the kernel writes.
 */
int netlink_parse(const void *piece, size_t size, uint32_t sequence,
		  netlink_take *take, void *argument);

/* The attribute of that type behind the head of an entry, and its length; NULL
 * if there is none, or is not all there. */
const void *netlink_attribute(const void *entry, size_t size, size_t head,
			      int type, size_t *length);

/* A socket to ask with, or -errno. */
int netlink_open(void);

/*
 * Asks for all entries that the request, of SOCK_DIAG_BY_FAMILY, describes.  0,
 * or -errno; after -EAGAIN what was taken is to be dropped.
 */
int netlink_dump(int fd, const void *request, size_t size, netlink_take *take,
		 void *argument);

#endif
