/* SPDX-License-Identifier: MIT */
/* run.h - all measurements, in an order that is fair to all. */
#ifndef PORTLOCK_BENCH_RUN_H
#define PORTLOCK_BENCH_RUN_H

#include "bench/options.h"
#include "bench/results.h"

/*
 * Scenario by scenario; of each, round by round; and in a round all subjects
 * with one setting, then with the next: a slow moment of the machine hits all
 * alike, and figures of one round can be compared.  Makes
 * bench_folder, and takes away whatever was made, however the run ends.
 */
void run_all(const struct options *options, struct results *results);

/* Where bench_folder is made: --folder, or $TMPDIR, or /tmp. */
const char *run_folder(const struct options *options);

#endif
