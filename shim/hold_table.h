/* SPDX-License-Identifier: MIT */
/* hold_table.h - what a hold is, for the files that make, take and pass one. */
#ifndef PORTLOCK_SHIM_HOLD_TABLE_H
#define PORTLOCK_SHIM_HOLD_TABLE_H

#include "shim/hold.h"
#include "shim/lost.h"

/* Pauses between two looks at who has a key: a try that finds it taken asks,
 * which leaves a dead connection in the holder's queue; so who tries again and
 * again asks less and less often. */
#define LOOK_FIRST (100 * PL_MSEC)
#define LOOK_LAST (10000 * PL_MSEC)

enum hold_state { FREE, MAKING, READY, LOST };

struct shim_hold {
	struct portlock_lock lock;
	uint64_t identity; /* hash of the key */
	/* By the tables' mutex: */
	enum hold_state state;
	unsigned pins;
	struct lost_watch watch;
	const struct shim_rule *rule; /* by which it was taken */
	struct turn turn;	      /* to wait for the portlock */
	atomic_uint drops;	      /* going on: not to be made anew */
	/* Of what it is held for; 1 more when it stays until the end. */
	atomic_uint count;
	_Atomic uint64_t token; /* of the last grant */
	atomic_bool everybodys; /* held for all threads */
	atomic_bool stays;	/* hold=exit */
	atomic_uint staying;	/* takers that will make it stay */
	uint64_t inherited;	/* token of who forked this process, then */
	_Atomic int64_t next_look, look_pause;
};

#endif
