/* SPDX-License-Identifier: MIT */
/* plot_handoff.c - the hand-over's latency, as more and more processes wait. */
#include "config.h"

#include <string.h>

#include "bench/lock.h"
#include "bench/plot.h"

static bool is_point(const struct figure *figure, const char *lock)
{
	return strcmp(figure->scenario, "scaling") == 0 &&
	       strcmp(figure->metric, "p50") == 0 &&
	       (!lock || strcmp(figure->subject, lock) == 0);
}

/* With lock NULL, of any. */
static bool has_points(const struct report *report, const char *lock)
{
	struct figure *figure = report->results->figures;

	while (figure && !is_point(figure, lock))
		figure = figure->next;
	return figure != NULL;
}

static bool suits(const struct report *report)
{
	return has_points(report, NULL);
}

static void put_data(FILE *file, const struct report *report)
{
	fputs("# Latency of a hand-over in us: median, min and max of the "
	      "rounds' p50.\n"
	      "# processes median min max\n",
	      file);
	for (struct bench_lock *lock = bench_locks; lock; lock = lock->next) {
		if (!has_points(report, lock->name))
			continue;
		fprintf(file, "# %s\n", lock->name);
		for (struct figure *figure = report->results->figures; figure;
		     figure = figure->next)
			if (is_point(figure, lock->name))
				fprintf(file, "%g %.6g %.6g %.6g\n", figure->x,
					samples_median(&figure->rounds),
					samples_min(&figure->rounds),
					samples_max(&figure->rounds));
		fputs("\n\n", file);
	}
}

static void put_script(FILE *file, const struct report *report)
{
	int index = 0;

	plot_title(file, "Hand-off latency against the number of processes",
		   report);
	fputs("set xlabel 'processes that want the lock'\n"
	      "set ylabel 'from the release to a blocked waiter that got it "
	      "(median of rounds)'\n"
	      "set logscale x 2\n"
	      "set logscale y\n"
	      "set format y '%.0s %cs'\n"
	      "set offsets graph 0.03, graph 0.03, 0, 0\n"
	      "plot ",
	      file);
	for (struct bench_lock *lock = bench_locks; lock; lock = lock->next) {
		if (!has_points(report, lock->name))
			continue;
		fprintf(file,
			"%s'handoff.data' index %d using 1:($2*1e-6) "
			"with linespoints ",
			index ? ", \\\n\t" : "", index);
		plot_line(file, lock->name, true);
		/* Bars in dashes could not be read. */
		fprintf(file,
			", \\\n\t'' index %d using "
			"1:($2*1e-6):($3*1e-6):($4*1e-6) with yerrorbars ",
			index);
		plot_bars(file, lock->name);
		index++;
	}
	putc('\n', file);
}

const struct plot plot_handoff = {
	.name = "handoff",
	.data = put_data,
	.script = put_script,
	.suits = suits,
};
