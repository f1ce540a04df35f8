/* SPDX-License-Identifier: MIT */
/* bundle.h - from a key to the descriptors that are its lock. */
#ifndef PORTLOCK_BUNDLE_H
#define PORTLOCK_BUNDLE_H

#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>

/* ---- address.c: key -> gate name and ports ----------------------------- */

#define PL_GATE_PREFIX "/portlock/"
#define PL_GATE_MAX 107 /* bytes after the NUL in an abstract address */

struct pl_address {
	struct sockaddr_un gate;
	socklen_t gate_length;
	uint16_t first_port;
	char name[PL_GATE_MAX + 1]; /* the gate without its first NUL */
	char session[64];	    /* how a session's name begins, "" none */
};

#define PL_SESSION_PREFIX "/portlock-session/"

/* Pure; the key is not empty. */
void pl_address_of_key(struct pl_address *address, const char *key);

/* Of a gate's name as pl_address has it: the first port of its key. */
uint16_t pl_first_port_of(const char *name);

/* ---- bundle.c: the descriptors that are the lock ------------------------ */

/* Of the gate; the kernel caps it at net.core.somaxconn. */
#define PL_BACKLOG 4096

#define PL_QUORUM 2

/* What a holder has: the gate and, for tcp, two ports, for etcd a session: the
 * socket to its helper and a timer (session.h).  -1: not there. */
struct pl_bundle {
	int gate;
	int ports[PL_QUORUM];
	int session, timer; /* both or none */
};

#define PL_BUNDLE_NONE                                                         \
	{                                                                      \
		-1, { -1, -1 }, -1, -1                                         \
	}

#define PL_BUNDLE_MAX (1 + PL_QUORUM + 2)

/* All of it: fds; returns how many. */
int pl_bundle_list(const struct pl_bundle *bundle, int fds[PL_BUNDLE_MAX]);

/* Closes what is there, the gate last.  In a window. */
void pl_bundle_close(struct pl_bundle *bundle);
void pl_bundle_close_ports(struct pl_bundle *bundle);
void pl_bundle_close_session(struct pl_bundle *bundle);

/*
 * Takes received descriptors: those that are gate, ports or session of the
 * address go into the (empty) bundle, the rest is closed.  The gate listens in
 * the name of this process then: SO_PEERCRED tells it.  Returns false, with
 * everything closed, if the gate was not among them.  In a window.
 */
bool pl_bundle_adopt(struct pl_bundle *bundle, const int *fds, int count,
		     const struct pl_address *address);

/* ---- ports.c: two of three ---------------------------------------------- */

/*
 * One round over the ports of the address until the bundle has two.  0, or
 * -EADDRINUSE with no port kept, or another error with no port kept.
 */
int pl_ports_bind(struct pl_bundle *bundle, const struct pl_address *address);

/* ---- sign.c: what a holder writes on its gate ----------------------------- */

/* For those who look. */
struct pl_signature {
	uint64_t token; /* of the grant, and so since when it is held */
	int ports;	/* that are with the gate */
	bool cluster;	/* a session is with the gate */
	pid_t pid;	/* who was granted it, in its own pid namespace */
};

/* A system that does not let us keeps others from knowing, no more. */
void pl_sign(const struct pl_bundle *bundle, uint64_t token);

/* The status of a gate.  To append means nothing to a socket, and /proc shows it
 * (fdinfo).  Who is given the gate sets it anew, so it goes on. */
#define PL_GOES_ON O_NONBLOCK
#define PL_ENDING (O_NONBLOCK | O_APPEND)

/* Of a lock that is held: it is about to be let go, or given away; or it goes on.
 * Async-signal-safe, keeps errno. */
void pl_sign_ending(const struct portlock_lock *lock, bool ending);

/* Reads it from what statx() says of the gate, inode and times included; false:
 * nothing is written there. */
bool pl_sign_read(const struct statx *gate, struct pl_signature *read);

#endif
