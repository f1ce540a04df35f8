/* SPDX-License-Identifier: MIT */
/* report_table.c - aligned tables, for people. */
#include "config.h"

#include "bench/report.h"

void report_table(FILE *file, const struct options *options,
		  const struct results *results)
{
	(void)options;
	for (struct figure *figure = results->figures; figure;
	     figure = figure->next)
		fprintf(file, "%s\t%s\t%s\t%s\t%.2f (%.2f-%.2f) %s\n",
			figure->scenario, figure->setting, figure->subject,
			figure->metric, samples_median(&figure->rounds),
			samples_min(&figure->rounds),
			samples_max(&figure->rounds), figure->unit);
}
