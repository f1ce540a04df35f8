/* SPDX-License-Identifier: MIT */
/* plot.h - pictures of what was measured, drawn by gnuplot.
 *
 * Each has a name and three files in the report's folder: NAME.data,
 * NAME.gnuplot, which can be changed and run again in that folder, and NAME.svg.
 */
#ifndef PORTLOCK_BENCH_PLOT_H
#define PORTLOCK_BENCH_PLOT_H

#include "bench/report.h"

struct plot {
	const char *name;
	/* Blocks of lines of numbers, two blank lines between two of them. */
	void (*data)(FILE *file, const struct report *report);
	/* What the script has beside what all have. */
	void (*script)(FILE *file, const struct report *report);
	bool (*suits)(const struct report *report); /* there is data */
};

extern const struct plot plot_handoff, plot_waits;

/* A lock's colour, dashes and points, the same in all plots, and its title. */
void plot_line(FILE *file, const char *lock, bool has_points);

/* The same for bars beside that line. */
void plot_bars(FILE *file, const char *lock);

/* As gnuplot quotes it. */
void plot_text(FILE *file, const char *text);

/* Two lines: what it shows, and the machine in short. */
void plot_title(FILE *file, const char *what, const struct report *report);

#endif
