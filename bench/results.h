/* SPDX-License-Identifier: MIT */
/* results.h - the figures of a run: what each round measured.
 *
 * A figure is known by its scenario, setting ("16 processes"), subject (a lock,
 * or what else the scenario compares) and metric ("p50").  It has one value a
 * round, or none where there was nothing to measure.  All text is copied; the
 * order is that of the first adding.
 */
#ifndef PORTLOCK_BENCH_RESULTS_H
#define PORTLOCK_BENCH_RESULTS_H

#include "bench/samples.h"

struct figure {
	const char *scenario, *setting, *subject, *metric;
	const char *unit;      /* "ns", "us", "%", "" for a count or ratio */
	double x;	       /* the setting as a number, for plots */
	struct samples rounds; /* one value a round, in no order */
	double *in_order;      /* the same, by round; NaN where there is none */
	int order_count;       /* how many: up to the last round that has one */
	struct figure *next;
};

/* A distribution: all that was measured for a subject, of all rounds. */
struct pool {
	const char *scenario, *setting, *subject, *metric;
	const char *unit;
	struct samples samples;
	struct pool *next;
};

struct results {
	struct figure *figures;
	struct pool *pools;
	int round; /* that is being measured, from 0 */
};

/* The value of the present round; the key's members say where (rounds is
 * unused).  NaN is none. */
void results_add(struct results *results, const struct figure *key,
		 double value);

/* More values for a distribution. */
void results_pool(struct results *results, const struct pool *key,
		  const struct samples *more);

/* NULL if it was not measured. */
struct figure *results_find(const struct results *results, const char *scenario,
			    const char *setting, const char *subject,
			    const char *metric);

/* NaN if there is none. */
double figure_in_round(const struct figure *figure, int round);

/* (max - min) / median of the rounds; 0 for a median of 0. */
double figure_spread(struct figure *figure);

void results_free(struct results *results);

#endif
