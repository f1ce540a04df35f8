/* SPDX-License-Identifier: MIT */
/* samples.h - a heap of measured values, and what can be said of it. */
#ifndef PORTLOCK_BENCH_SAMPLES_H
#define PORTLOCK_BENCH_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

struct samples {
	double *values;
	size_t count, room;
	bool sorted;
};

/* An empty one is all zero.  Adding exits if there is no memory. */
void samples_add(struct samples *samples, double value);
void samples_append(struct samples *samples, const struct samples *more);
void samples_free(struct samples *samples);

/*
 * Of an empty heap all of these are NaN.  The quantile q, from 0 (the smallest)
 * to 1 (the largest), lies between two values as far as q lies between their
 * ranks; the median is that of one half.
 */
double samples_quantile(struct samples *samples, double q);
double samples_median(struct samples *samples);
double samples_min(struct samples *samples);
double samples_max(struct samples *samples);
double samples_mean(const struct samples *samples);

/*
 * Jain's index of fairness: the square of the sum over count times the sum of
 * the squares.  1: all have the same; 1/count: one has it all.
 */
double samples_jain(const struct samples *samples);

#endif
