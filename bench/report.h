/* SPDX-License-Identifier: MIT */
/* report.h - what was measured, for people and for programs. */
#ifndef PORTLOCK_BENCH_REPORT_H
#define PORTLOCK_BENCH_REPORT_H

#include <stdio.h>

#include "bench/machine.h"
#include "bench/options.h"
#include "bench/ratios.h"
#include "bench/results.h"

/*
 * Before the run: looks at the machine and opens all files that the options
 * ask for.  Exits if one cannot be written; if the run fails later, those that
 * were made are taken away.
 */
void report_begin(const struct options *options);

/* After it: writes all.  0, or EXIT_FAILED if something could not be. */
int report_end(const struct results *results);

/* ---- the ways of writing it ----------------------------------------------- */

struct report {
	const struct options *options;
	const struct machine *machine;
	const struct results *results;
	struct ratio *ratios;
};

/* For people: the machine, tables, ratios, a warning of noise. */
void report_text(FILE *file, const struct report *report);

/* Its parts. */
void report_run(FILE *file, const struct report *report);
void report_table(FILE *file, const struct report *report);
void report_ratios(FILE *file, const struct report *report);
void report_noise(FILE *file, const struct report *report);

/* For programs; README.md tells what is in them. */
void report_csv(FILE *file, const struct report *report);
void report_json(FILE *file, const struct report *report);

/* Data, scripts and, if gnuplot is there, plots.  False, after a message, if
 * something could not be written. */
bool report_plots(const char *folder, const struct report *report);

/* A spread above the bound, of a figure that does not have it by its nature:
 * extremes, and small differences, vary from round to round on any machine. */
bool figure_is_noisy(struct figure *figure, const struct options *options);

#endif
