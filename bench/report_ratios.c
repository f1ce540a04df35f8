/* SPDX-License-Identifier: MIT */
/* report_ratios.c - the ratios and their bars, for people. */
#include "config.h"

#include <string.h>

#include "bench/report.h"

struct row {
	char median[NUMBER_SIZE + 8], range[2 * NUMBER_SIZE + 8];
};

/* A count is one of clock ticks: not 0.333 of them. */
static void read_row(struct ratio *ratio, struct row *row)
{
	char median[NUMBER_SIZE], low[NUMBER_SIZE], high[NUMBER_SIZE];
	const char *plus = "";

	number_text(median, samples_median(&ratio->rounds), false);
	number_text(low, samples_min(&ratio->rounds), false);
	number_text(high, samples_max(&ratio->rounds), false);
	if (*ratio->unit && *median != '-')
		plus = "+";
	snprintf(row->median, sizeof(row->median), "%s%s", plus, median);
	if (*ratio->unit)
		snprintf(row->range, sizeof(row->range), "(%s to %s)", low,
			 high);
	else
		snprintf(row->range, sizeof(row->range), "(%s-%s)", low, high);
}

static int longer(int width, const char *text)
{
	return width < (int)strlen(text) ? (int)strlen(text) : width;
}

static bool as_the_bars_are(const struct options *options)
{
	return options->duration < 0 && options->hold < 0 &&
	       options->think < 0 && !options->idle;
}

void report_ratios(FILE *file, const struct report *report)
{
	int what = 0, median = 0, range = 0, bar = 0, all = 0, reached = 0;
	struct row row;

	for (struct ratio *ratio = report->ratios; ratio; ratio = ratio->next) {
		read_row(ratio, &row);
		what = longer(what, ratio->what);
		median = longer(median, row.median);
		range = longer(range, row.range);
		bar = longer(bar, ratio->bar);
		all++;
		reached += ratio->reached;
	}
	for (struct ratio *ratio = report->ratios; ratio; ratio = ratio->next) {
		read_row(ratio, &row);
		fprintf(file, "  %-*s  %*s %-*s  %-*s  %s\n", what, ratio->what,
			median, row.median, range, row.range, bar, ratio->bar,
			ratio->reached ? "reached" : "missed");
	}
	fprintf(file,
		"%d of %d bars reached. Each ratio is made round by round; "
		"the median meets the bar.\n",
		reached, all);
	if (!as_the_bars_are(report->options))
		fputs("The bars are for the scenarios as they are without "
		      "options for times.\n",
		      file);
}
