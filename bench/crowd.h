/* SPDX-License-Identifier: MIT */
/* crowd.h - many processes that want one lock, again and again. */
#ifndef PORTLOCK_BENCH_CROWD_H
#define PORTLOCK_BENCH_CROWD_H

#include "bench/scenario.h"

struct crowd {
	int processes;
	int64_t duration; /* ns, unless the options say so; 0: DURATION */
	int64_t hold;	  /* ns of work while it is held */
	int64_t think;	  /* ns of sleep after a release; 0: greedy */
	/* Who has let go does not ask again before another one has it. */
	bool in_turn;
	bool idle; /* processors may go to sleep; else they are kept awake */
};

struct crowd_report {
	/* ns from the call of acquire to its return, of all acquires that
	 * ended while it was measured, or after it if they waited already. */
	struct samples waits;
	/* ns from the call of release to the next holder's return from
	 * acquire, where that one had been waiting long enough to sleep. */
	struct samples handoffs;
	struct samples acquired; /* how often, by process */
	double seconds;
};

/*
 * Runs them for the duration, after a warm-up that is dropped.  Ends
 * the run if mutual exclusion is violated or a lock fails.
 */
void crowd_run(const struct measurement *measurement, const struct crowd *crowd,
	       struct crowd_report *report);

void crowd_report_free(struct crowd_report *report);

#endif
