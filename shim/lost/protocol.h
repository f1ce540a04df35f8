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
 *
 * A lock of flock(2) does not: it is the open file's, which others may have
 * open.  So the guard is told of the file, too, and has a copy of the session:
 * what it finds held when the host is gone it keeps, by that copy, until it
 * gets the file's lock itself.  While the host is there, the copy must go with
 * the hold: after the page, the guard is woken.
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
	uint32_t first; /* what the host calls the first slot; its own */
};

enum lost_kind {
	/* A lock is held from now on; the timer comes with it. */
	LOST_HELD,
	/* This file's lock is what it is held for.  With it come the session;
	 * the file, of O_PATH: a way to it, and no share in its lock; and the
	 * mark by which others find what is kept (kept.c). */
	LOST_KEPT,
};

#define LOST_FDS_MAX 3

/*
 * A packet begins with this; a shorter one is no message: the guard is to look
 * at the page.  Of LOST_HELD there follow two strings: where lines go, ""
 * nowhere; and how they begin.
 */
struct lost_message {
	uint64_t number; /* never twice */
	uint64_t since;	 /* when it was granted, ns of CLOCK_BOOTTIME */
	uint32_t kind;
	uint32_t slot;
	uint32_t patience_ms; /* between SIGTERM and SIGKILL */
	uint32_t kills;	      /* 0: only a line is written */
	/* LOST_KEPT: LOCK_SH or LOCK_EX, which is to be had when the host's is
	 * no more. */
	uint32_t operation;
};

/* The strings, with their ends. */
#define LOST_TEXT_MAX 8192

#endif
