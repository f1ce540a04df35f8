/* SPDX-License-Identifier: MIT */
/* queue.h - a lock that is held, and processes that are blocked for it. */
#ifndef PORTLOCK_BENCH_QUEUE_H
#define PORTLOCK_BENCH_QUEUE_H

#include "bench/scenario.h"
#include "bench/worker.h"

#define QUEUE_MAX 4096

struct queue {
	const struct measurement *measurement;
	struct queue_shared *shared;
	int started; /* processes, ever; the last one's number */
	/* The first is the holder, the others wait, in the order in which they
	 * asked for it. */
	int count;
	struct queue_member {
		pid_t pid;
		int number;
	} members[QUEUE_MAX];
};

/*
 * Starts a holder and that many waiters, and returns when each of them has been
 * seen blocked.  The lock is held until queue_end().
 */
void queue_begin(struct queue *queue, const struct measurement *measurement,
		 int waiters);

/* Starts more, until there are that many and all are blocked. */
void queue_fill(struct queue *queue, int waiters);

/*
 * Kills the holder, and before it the first waiter if that is to go, too.
 * Returns when a waiter holds the lock, and is the first: with the time, in ns,
 * from before the holder's kill() to the return of that one's acquire.
 */
int64_t queue_kill(struct queue *queue, bool first_waiter_too);

/* The holder lets go, and each waiter gets the lock once and ends. */
void queue_end(struct queue *queue);

/*
 * One process holds the lock, and another one asks for it: for scenarios in
 * which nobody else ever does.
 */
void queue_check(const struct measurement *measurement);

/* All of these end the run if mutual exclusion is violated or a lock fails. */

#endif
