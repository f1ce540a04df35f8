/* SPDX-License-Identifier: MIT */
/* heir_table.h - the sockets by which heirs wait, and are waited for. */
#ifndef PORTLOCK_SHIM_HEIR_TABLE_H
#define PORTLOCK_SHIM_HEIR_TABLE_H

#include "shim/hold.h"

#define HEIRS 64

/* One end of a socket; made around a fork only, which are one at a time. */
struct heir {
	atomic_int socket;	/* and 1; 0: free */
	struct shim_hold *hold; /* what may be sent */
	bool from_parent;	/* else: to a child */
	bool shared;		/* children of ours wait at it as well */
	unsigned age;		/* grows with every fork */
};

/* All of it is async-signal-safe and keeps errno. */

/* The next one, for that hold if it is not NULL; the first one after NULL. */
struct heir *heir_next(struct heir *heir, const struct shim_hold *hold);
/* False: there is no room, and the socket stays the caller's. */
bool heir_add(struct shim_hold *hold, int socket, bool from_parent);
/* The socket is the caller's alone now; -1: somebody else was faster. */
int heir_take(struct heir *heir);
void heir_close(int socket);

/* What has come through the socket, which stays in it. */
enum arrival { NOTHING_YET, HAS_COME, NEVER };
enum arrival heir_look(const struct heir *heir);

#endif
