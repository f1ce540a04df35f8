/* SPDX-License-Identifier: MIT */
/* report_csv.c - a line for each figure, as RFC 4180 has it. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "bench/report.h"

#define LINE_END "\r\n"

static void put_text(FILE *file, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, file);
		return;
	}
	putc('"', file);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', file);
		putc(*text, file);
	}
	putc('"', file);
}

/* None is an empty field. */
static void put_number(FILE *file, double value)
{
	putc(',', file);
	if (!isnan(value))
		fprintf(file, "%.9g", value);
}

static void put_figure(FILE *file, struct figure *figure, int rounds)
{
	put_text(file, figure->scenario);
	putc(',', file);
	put_text(file, figure->setting);
	put_number(file, figure->x);
	putc(',', file);
	put_text(file, figure->subject);
	putc(',', file);
	put_text(file, figure->metric);
	putc(',', file);
	put_text(file, figure->unit);
	put_number(file, samples_median(&figure->rounds));
	put_number(file, samples_min(&figure->rounds));
	put_number(file, samples_max(&figure->rounds));
	put_number(file, (double)figure->rounds.count);
	for (int i = 0; i < rounds; i++)
		put_number(file, figure_in_round(figure, i));
	fputs(LINE_END, file);
}

void report_csv(FILE *file, const struct report *report)
{
	int rounds = report->options->rounds;

	fputs("scenario,setting,x,subject,metric,unit,median,min,max,rounds",
	      file);
	for (int i = 0; i < rounds; i++)
		fprintf(file, ",round %d", i + 1);
	fputs(LINE_END, file);
	for (struct figure *figure = report->results->figures; figure;
	     figure = figure->next)
		put_figure(file, figure, rounds);
}
