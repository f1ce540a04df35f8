/* SPDX-License-Identifier: MIT */
/* report_noise.c - a warning, when rounds differ more than they should. */
#include "config.h"

#include <string.h>

#include "bench/report.h"

#define WORST 5

bool figure_is_noisy(struct figure *figure, const struct options *options)
{
	static const char *const by_nature[] = { "p99.9", "max", "more" };

	for (size_t i = 0; i < sizeof(by_nature) / sizeof(by_nature[0]); i++)
		if (strcmp(figure->metric, by_nature[i]) == 0)
			return false;
	return figure_spread(figure) > options->noise;
}

/* Puts it among the worst, largest spread first. */
static void rank(struct figure *worst[WORST], struct figure *figure)
{
	for (int i = 0; i < WORST; i++) {
		struct figure *other = worst[i];

		if (other && figure_spread(other) >= figure_spread(figure))
			continue;
		worst[i] = figure;
		if (!other)
			return;
		figure = other;
	}
}

void report_noise(FILE *file, const struct report *report)
{
	struct figure *worst[WORST] = { NULL };
	int all = 0, noisy = 0;

	for (struct figure *figure = report->results->figures; figure;
	     figure = figure->next) {
		all++;
		if (!figure_is_noisy(figure, report->options))
			continue;
		noisy++;
		rank(worst, figure);
	}
	if (noisy == 0)
		return;
	fprintf(file,
		"\nWarning: %d of %d figures are noisy, their rounds differ by "
		"more than %g %%. The worst:\n",
		noisy, all, report->options->noise * 100);
	for (int i = 0; i < WORST && worst[i]; i++)
		fprintf(file, "  %s%s%s, %s, %s: %.0f %%\n", worst[i]->scenario,
			*worst[i]->setting ? ", " : "", worst[i]->setting,
			worst[i]->subject, worst[i]->metric,
			figure_spread(worst[i]) * 100);
	fputs("A quieter machine, a longer --duration or more --rounds would "
	      "help.\n",
	      file);
}
