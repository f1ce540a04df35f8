/* SPDX-License-Identifier: MIT */
/* holder.h - the hostile holder of fuzz_grant, and what there is to know of
 * it.
 */
#ifndef PORTLOCK_TESTS_FUZZ_HOLDER_H
#define PORTLOCK_TESTS_FUZZ_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "fuzz.h"
#include "lib/internal.h"
#include "socket.h"

#define FDS_MAX 253 /* in one message */
#define MINE_MAX 600

struct holder_grant {
	char magic[8];
	uint64_t token;
};

struct holder {
	const struct socket_key *key;
	struct input script;
	char name[PL_GATE_MAX + 1];
	int mine[MINE_MAX], mines; /* descriptors to close */
	int gate, connection, ports[PORTLOCK_PORTS];
	int list[FDS_MAX], count; /* what the next message takes along */
	char stream[sizeof(struct holder_grant)]; /* the first bytes sent */
	size_t sent;
	bool gate_sent; /* with them */
	bool granted, ended;
	bool stranger; /* another user's */
	int steps;
	struct rlimit limit;
};

extern struct holder holder;

/* It has the gate of the key then; stranger: as another user's. */
void holder_begin(struct input script, bool stranger);

/* Does the next letter of its script, or lets go at the end; false: that is
 * long done. */
bool holder_act(void);

/* Closes all that it has. */
void holder_let_go(void);

#endif
