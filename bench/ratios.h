/* SPDX-License-Identifier: MIT */
/* ratios.h - what the figures say of portlock, each against a bar.
 *
 * Times differ from machine to machine, ratios within one run much less.  Each
 * is made round by round, of two figures of one round, so that a slow minute of
 * the machine is in both; then the median of the rounds meets the bar or not.
 */
#ifndef PORTLOCK_BENCH_RATIOS_H
#define PORTLOCK_BENCH_RATIOS_H

#include "bench/number.h"
#include "bench/results.h"

struct ratio {
	char what[96];
	const char *unit; /* "" for a ratio */
	char bar[48];	  /* "<= 1.15" */
	bool reached;
	struct samples rounds;
	double *in_order; /* by round; NaN where there is none */
	int order_count;
	struct ratio *next;
};

/* Those of which both figures were measured, in at least one same round. */
struct ratio *ratios_of(const struct results *results);

void ratios_free(struct ratio *ratios);

#endif
