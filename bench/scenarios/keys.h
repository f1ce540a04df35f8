/* SPDX-License-Identifier: MIT */
/* keys.h - the worker that holds many locks of different names. */
#ifndef PORTLOCK_BENCH_SCENARIOS_KEYS_H
#define PORTLOCK_BENCH_SCENARIOS_KEYS_H

#include <stdatomic.h>

#include "bench/footprint.h"
#include "bench/scenario.h"

enum keys_phase { OPENING, TAKING, PAIRS, LETTING_GO, CLOSING, OVER };

/* What the worker tells, in shared memory. */
struct keys_found {
	_Atomic int phase;
	_Atomic unsigned steps;
	_Atomic int held;
	double open, take, pair, let_go; /* ns for one key */
	struct footprint before, after;
};

struct keys_job {
	const struct measurement *measurement;
	struct keys_found *found;
	int count;
};

/* The lock of the key of that number, from 0. */
void *keys_open(const struct measurement *measurement, int index);

/* The worker's body; its argument is a struct keys_job. */
void keys_hold(void *argument);

#endif
