/* SPDX-License-Identifier: MIT */
/* plot_waits.c - how many acquires waited longer than what. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "bench/plot.h"

#define SETTING "16 processes"
#define PER_DECADE 40

static bool is_wait(const struct pool *pool, const char *setting)
{
	return strcmp(pool->scenario, "fairness") == 0 &&
	       strcmp(pool->metric, "wait") == 0 && pool->samples.count > 0 &&
	       (!setting || strcmp(pool->setting, setting) == 0);
}

static struct pool *next_wait(struct pool *pool, const char *setting)
{
	while (pool && !is_wait(pool, setting))
		pool = pool->next;
	return pool;
}

/* The usual one, else the first that was measured; NULL if none was. */
static const char *setting_of(const struct report *report)
{
	struct pool *pool = next_wait(report->results->pools, SETTING);

	if (!pool)
		pool = next_wait(report->results->pools, NULL);
	return pool ? pool->setting : NULL;
}

static bool suits(const struct report *report)
{
	return setting_of(report) != NULL;
}

static void put_point(FILE *file, struct samples *samples, double share)
{
	fprintf(file, "%.6g %.6g\n", samples_quantile(samples, 1 - share),
		share);
}

/* As many points as a picture can show: by hundredths, then, where it gets
 * rare, by factors. */
static void put_curve(FILE *file, struct samples *samples)
{
	double rarest = 1 / (double)samples->count;
	double factor = pow(10, -1.0 / PER_DECADE);

	for (int i = 100; i > 10; i--)
		put_point(file, samples, i / 100.0);
	for (double share = 0.1; share > rarest; share *= factor)
		put_point(file, samples, share);
	fprintf(file, "%.6g %.6g\n", samples_max(samples), rarest);
}

static void put_data(FILE *file, const struct report *report)
{
	const char *setting = setting_of(report);
	struct pool *pool = next_wait(report->results->pools, setting);

	fprintf(file,
		"# Waits of greedy processes, %s, all rounds.\n"
		"# wait in us, share of acquires that waited longer\n",
		setting);
	for (; pool; pool = next_wait(pool->next, setting)) {
		fprintf(file, "# %s, %zu acquires\n", pool->subject,
			pool->samples.count);
		put_curve(file, &pool->samples);
		fputs("\n\n", file);
	}
}

static void put_script(FILE *file, const struct report *report)
{
	const char *setting = setting_of(report);
	struct pool *pool = next_wait(report->results->pools, setting);
	char what[128];
	int index = 0;

	snprintf(what, sizeof(what), "Waits for one lock: %s, all greedy",
		 setting);
	plot_title(file, what, report);
	fputs("set xlabel 'wait, from the call of acquire to its return'\n"
	      "set ylabel 'share of acquires that waited longer'\n"
	      "set logscale xy\n"
	      "set format x '%.0s %cs'\n"
	      "set format y '%g'\n"
	      "set yrange [:1]\n"
	      "plot ",
	      file);
	for (; pool; pool = next_wait(pool->next, setting)) {
		fprintf(file,
			"%s'waits.data' index %d using ($1*1e-6):2 "
			"with lines ",
			index ? ", \\\n\t" : "", index);
		plot_line(file, pool->subject, false);
		index++;
	}
	putc('\n', file);
}

const struct plot plot_waits = {
	.name = "waits",
	.data = put_data,
	.script = put_script,
	.suits = suits,
};
