/* SPDX-License-Identifier: MIT */
/* run.h - all measurements, in an order that is fair to all. */
#ifndef PORTLOCK_BENCH_RUN_H
#define PORTLOCK_BENCH_RUN_H

#include "bench/options.h"
#include "bench/results.h"

/*
 * Every scenario with every setting, round by round, and in a round one subject
 * after the other: a slow moment of the machine hits all alike.  Makes
 * bench_folder, and takes away whatever was made, however the run ends.
 */
void run_all(const struct options *options, struct results *results);

#endif
