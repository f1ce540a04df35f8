/* SPDX-License-Identifier: MIT */
/* ratios.c - what the figures say of portlock, each against a bar. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bars.h"
#include "bench/fail.h"
#include "bench/ratios.h"

static const struct figure *find(const struct results *results,
				 const struct place *place, const char *setting)
{
	return results_find(results, place->scenario,
			    place->setting ? place->setting : setting,
			    place->subject, place->metric);
}

static double value_in(const struct bar *bar, const struct figure *of,
		       const struct figure *against, int round)
{
	double value = figure_in_round(of, round);
	double base = against ? figure_in_round(against, round) : 1;

	return bar->kind == MORE_BY ? value - base : value / base;
}

static void add_rounds(struct ratio *ratio, const struct bar *bar,
		       const struct figure *of, const struct figure *against)
{
	ratio->order_count = of->order_count;
	ratio->in_order =
		calloc((size_t)of->order_count, sizeof(ratio->in_order[0]));
	if (!ratio->in_order)
		fail("no memory for the ratios");
	for (int i = 0; i < of->order_count; i++) {
		double value = value_in(bar, of, against, i);

		/* Nothing can be said against a figure of 0. */
		ratio->in_order[i] = isfinite(value) ? value : NAN;
		if (isfinite(value))
			samples_add(&ratio->rounds, value);
	}
}

static void judge(struct ratio *ratio, const struct bar *bar,
		  struct figure *against)
{
	double median = samples_median(&ratio->rounds);
	double limit = bar->bar;

	if (bar->share > 0) {
		double part = bar->share * samples_median(&against->rounds);

		limit = part > limit ? part : limit;
		snprintf(ratio->bar, sizeof(ratio->bar), "<= %g or %g %%",
			 bar->bar, bar->share * 100);
	} else {
		snprintf(ratio->bar, sizeof(ratio->bar), "%s %g",
			 bar->kind == AT_LEAST ? ">=" : "<=", bar->bar);
	}
	ratio->reached =
		bar->kind == AT_LEAST ? median >= limit : median <= limit;
}

/* Appends it, if it was measured; returns where the next one goes. */
static struct ratio **append(struct ratio **link, const struct bar *bar,
			     const struct results *results, const char *setting)
{
	const struct figure *of = find(results, &bar->of, setting);
	const struct figure *against = NULL;
	struct ratio *ratio;

	if (bar->against.scenario)
		against = find(results, &bar->against, setting);
	if (!of || (bar->against.scenario && !against))
		return link;
	ratio = calloc(1, sizeof(*ratio));
	if (!ratio)
		fail("no memory for the ratios");
	snprintf(ratio->what, sizeof(ratio->what), "%s%s%s", bar->what,
		 bar->of.setting ? "" : ": ", bar->of.setting ? "" : setting);
	ratio->unit = bar->kind == MORE_BY ? of->unit : "";
	add_rounds(ratio, bar, of, against);
	if (ratio->rounds.count == 0) {
		ratios_free(ratio);
		return link;
	}
	judge(ratio, bar, (struct figure *)against);
	*link = ratio;
	return &ratio->next;
}

static struct ratio **append_each(struct ratio **link, const struct bar *bar,
				  const struct results *results)
{
	for (struct figure *figure = results->figures; figure;
	     figure = figure->next)
		if (strcmp(figure->scenario, bar->of.scenario) == 0 &&
		    strcmp(figure->subject, bar->of.subject) == 0 &&
		    strcmp(figure->metric, bar->of.metric) == 0)
			link = append(link, bar, results, figure->setting);
	return link;
}

struct ratio *ratios_of(const struct results *results)
{
	struct ratio *first = NULL, **link = &first;

	for (size_t i = 0; bars[i].what; i++)
		link = bars[i].of.setting
			       ? append(link, &bars[i], results, "")
			       : append_each(link, &bars[i], results);
	return first;
}

void ratios_free(struct ratio *ratios)
{
	while (ratios) {
		struct ratio *next = ratios->next;

		samples_free(&ratios->rounds);
		free(ratios->in_order);
		free(ratios);
		ratios = next;
	}
}
