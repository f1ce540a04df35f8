/* SPDX-License-Identifier: MIT */
/* look.h - who holds which lock and who waits for it, as the kernel's tables
 * tell: nothing is joined, sent or disturbed.
 */
#ifndef PORTLOCK_LOOK_H
#define PORTLOCK_LOOK_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/internal.h"

struct look_process {
	pid_t pid;  /* 0: not to be seen; then only the uid may be known */
	uid_t uid;  /* (uid_t)-1: not known */
	char state; /* as in /proc/PID/stat; '?': not known */
	/*
	 * Its command line, words joined by spaces: raw bytes, which whoever
	 * prints them escapes.  "[name]" if it has none, "" if not known.
	 */
	char command[256];
};

enum look_state {
	LOOK_HELD, /* somebody has the gate, and it listens */
	/* Bound only: a k3portlock, or a holder between bind and listen. */
	LOOK_PLAIN,
	/*
	 * Listens, but no process has it that we may see (pid 0): it is on its
	 * way to a waiter, or its holder is another user's.
	 */
	LOOK_PASSING,
};

struct look_lock {
	char gate[PL_GATE_MAX + 1]; /* without the first NUL */
	enum look_state state;
	/* Of several that have it who was granted it, else the eldest. */
	struct look_process holder;
	uint64_t since; /* ns of CLOCK_BOOTTIME at the grant, 0: not known */
	int ports;	/* with the gate: 0 unix, 2 tcp, -1 not known */
	/* Etcd, and not yet granted there if `since` is not known. */
	bool cluster;
	/* Who else has it: keepers, children without fork handlers. */
	struct look_process *others;
	int other_count;
	/* In the queue's order, dead connections left out. */
	struct look_process *waiters;
	int waiter_count; /* -1: the system does not tell */
};

struct look {
	struct look_lock *locks; /* sorted by gate */
	int count;
};

/*
 * All portlocks of this network namespace or, with a gate's name, that one (a
 * count of 0: it is free).  0 with something to free, or -errno.
 */
int look(struct look *look, const char *gate);

/* The same for those that can have one of the three ports from first_port. */
int look_near(struct look *look, uint16_t first_port);
void look_free(struct look *look);

/* A state of a TCP socket beside those of <netinet/tcp.h>: bound, no more. */
#define LOOK_BOUND 13

/* A socket that keeps a port of 127.0.0.1 from being bound. */
struct look_socket {
	uint16_t port;
	int state; /* TCP_LISTEN, TCP_TIME_WAIT (no process has it), ... */
	char address[64]; /* "127.0.0.1:41234", "0.0.0.0:41234", "[::]:41234" */
	struct look_process process;
	/*
	 * The portlock it belongs to, by its process and its ports; "": it is a
	 * stranger's.
	 */
	char gate[PL_GATE_MAX + 1];
};

/*
 * Those on the three ports from first_port, sorted by port; the array goes to
 * free().  Before Linux 6.8 the kernel does not tell of TCP sockets that are
 * bound and nothing else, as a portlock's are: none of them is seen then.
 */
int look_ports(struct look_socket **sockets, int *count, uint16_t first_port);

#endif
