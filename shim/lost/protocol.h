/* SPDX-License-Identifier: MIT */
/* protocol.h - what the shim tells portlock-guard, the process that ends this
 * one when a lock of it is lost to the cluster.
 *
 * The guard is told of each lock of transport etcd when it begins to be held,
 * with a copy of the timer that runs as long as the cluster says so
 * (lib/etcd/protocol.h).  That it is not held any more stands in a page which
 * both have: to write there is all that a release does, it cannot fail, and is
 * for signal handlers.  It comes before the release itself.  The guard looks at
 * the page after it has seen the timer expired: so what it finds held there has
 * not been released in time.
 *
 * The leash, a SOCK_SEQPACKET socket, ends with the host or its exec.
 */
#ifndef PORTLOCK_SHIM_LOST_PROTOCOL_H
#define PORTLOCK_SHIM_LOST_PROTOCOL_H

#include <stdatomic.h>
#include <stdint.h>

/* What the guard is started with; the last, a pidfd of the host, not where the
 * system has none. */
#define LOST_LEASH 3
#define LOST_PAGE 4
#define LOST_HOST 5

#define LOST_SLOTS 512

/* The number of the hold that a slot stands for, 0 of none. */
struct lost_page {
	_Atomic uint64_t held[LOST_SLOTS];
};

/* A lock is held from now on; the timer comes with it. */
struct lost_message {
	uint64_t number; /* never twice */
	uint64_t since;	 /* when it was granted, ns of CLOCK_BOOTTIME */
	uint32_t slot;
	uint32_t patience_ms; /* between SIGTERM and SIGKILL */
	uint32_t kills;	      /* 0: only a line is written */
	/* Where lines go, "" nowhere; and how they begin: two strings. */
	char text[8192 - 32];
};

#define LOST_HEAD offsetof(struct lost_message, text)

#endif
