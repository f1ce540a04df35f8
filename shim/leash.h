/* SPDX-License-Identifier: MIT */
/* leash.h - the guard of this process, and how it is told of locks. */
#ifndef PORTLOCK_SHIM_LEASH_H
#define PORTLOCK_SHIM_LEASH_H

#include "shim/lost/protocol.h"
#include "shim/shim.h"

/* All of it is async-signal-safe. */

/* The program's path. */
const char *leash_program(void);

/* Starts the guard unless it runs: 0, or -errno. */
int leash_guard(void);

/* The guard of that slot has gone: the next lock needs another one, if no other
 * thread has started it.  What is held already nobody watches any more. */
void leash_lose(unsigned slot);

/* A slot of the page, for the hold of that number; 0: there is none. */
unsigned leash_claim_slot(uint64_t number);
void leash_give_slot(unsigned slot);
/* Which it is in the page, and its hold's number; 0: a former guard's. */
uint32_t leash_index(unsigned slot);
uint64_t leash_number(unsigned slot);

struct leash_load {
	const struct lost_message *message;
	unsigned slot;
	/* LOST_HELD: where lines go, and how they begin. */
	const char *place, *start;
	const struct portlock_lock *lock; /* held, until it is told */
	int file, mark;			  /* LOST_KEPT */
};

/* 0, or -EPIPE: the guard has ended; or another -errno. */
int leash_tell(const struct leash_load *load);

/* The page has changed.  False: there is nobody to look. */
bool leash_wake(void);

/* For dup2: moves the leash away from that number, if it is there. */
bool leash_move(int fd);

#endif
