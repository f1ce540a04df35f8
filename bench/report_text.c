/* SPDX-License-Identifier: MIT */
/* report_text.c - all that is told to people, and how to read it. */
#include "config.h"

#include <string.h>

#include "bench/etcd.h"
#include "bench/lock.h"
#include "bench/report.h"
#include "bench/scenario.h"

#define PAGE 100 /* columns of text */
#define NAMES 16 /* columns of names of facts */

/* Words that are too many for a line go on below, under the first one. */
static void put_fact(FILE *file, const char *name, const char *text)
{
	int at = fprintf(file, "%-*s", NAMES, name);

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (at > NAMES && at + 1 + length > PAGE)
			at = fprintf(file, "\n%*s", NAMES, "") - 1;
		at += fprintf(file, "%s%.*s", at > NAMES ? " " : "", length,
			      text);
		text += length + strspn(text + length, " ");
	}
	putc('\n', file);
}

static void put_names(FILE *file, const struct options *options)
{
	char text[LIST_MAX * 32] = "";

	for (int i = 0; options->scenarios[i]; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s ", options->scenarios[i]->name);
	put_fact(file, "scenarios", text);
	*text = '\0';
	for (int i = 0; options->locks[i]; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s ", options->locks[i]->name);
	put_fact(file, "locks", text);
}

static void put_cluster(FILE *file, const struct options *options)
{
	const char *endpoints = etcd_endpoints();

	for (int i = 0; options->scenarios[i]; i++)
		if (strcmp(options->scenarios[i]->name, "cluster") == 0)
			put_fact(
				file, "etcd",
				*endpoints
					? endpoints
					: "one node of the run's own, its data "
					  "where lock files are");
}

/* What the user chose instead of what the scenarios have. */
static void put_choice(FILE *file, const char *name, int64_t value, double unit,
		       const char *unit_name)
{
	char text[64];

	if (value < 0)
		return;
	snprintf(text, sizeof(text), "%g %s", (double)value / unit, unit_name);
	put_fact(file, name, text);
}

void report_run(FILE *file, const struct report *report)
{
	const struct options *options = report->options;
	char rounds[16];

	for (int i = 0; i < report->machine->count; i++)
		put_fact(file, report->machine->facts[i].name,
			 report->machine->facts[i].text);
	snprintf(rounds, sizeof(rounds), "%d", options->rounds);
	put_fact(file, "rounds", rounds);
	put_choice(file, "duration", options->duration, 1e9, "s");
	put_choice(file, "hold", options->hold, 1e3, "us");
	put_choice(file, "think", options->think, 1e3, "us");
	put_fact(file, "sleep",
		 options->idle ? "processors may, if a scenario does not say "
				 "otherwise"
			       : "processors are kept from it, if a scenario "
				 "does not say otherwise");
	put_cluster(file, options);
	put_names(file, options);
}

static void put_heading(FILE *file, const char *text)
{
	fprintf(file, "\n%s\n", text);
	for (size_t i = 0; i < strlen(text); i++)
		putc('=', file);
	putc('\n', file);
}

void report_text(FILE *file, const struct report *report)
{
	fputs("portlock-bench: locks between processes, measured side by "
	      "side\n",
	      file);
	put_heading(file, "The machine and the run");
	report_run(file, report);
	put_heading(file, "What was measured");
	fprintf(file,
		"Each figure is the median of the rounds, with the smallest "
		"and the largest.\n");
	if (report->options->rounds > 1)
		fprintf(file,
			"! marks noise: these two differ by more than %g %% of "
			"the median. p99.9, max and\ndifferences always may, "
			"and "
			"have no mark.\n",
			report->options->noise * 100);
	report_table(file, report);
	if (report->ratios) {
		put_heading(file, "What it says of portlock");
		report_ratios(file, report);
	}
	report_noise(file, report);
}
