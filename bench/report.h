/* SPDX-License-Identifier: MIT */
/* report.h - what was measured, for people and for programs. */
#ifndef PORTLOCK_BENCH_REPORT_H
#define PORTLOCK_BENCH_REPORT_H

#include <stdio.h>

#include "bench/options.h"
#include "bench/results.h"

/* The machine, aligned tables, ratios, warnings of noise. */
void report_table(FILE *file, const struct options *options,
		  const struct results *results);

#endif
