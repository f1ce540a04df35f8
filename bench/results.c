/* SPDX-License-Identifier: MIT */
/* results.c - the figures of a run: what each round measured. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/fail.h"
#include "bench/results.h"

static void *allocated(void *memory)
{
	if (!memory)
		fail("no memory for the results");
	return memory;
}

static const char *copy(const char *text)
{
	return allocated(strdup(text));
}

struct figure *results_find(const struct results *results, const char *scenario,
			    const char *setting, const char *subject,
			    const char *metric)
{
	struct figure *figure = results->figures;

	while (figure && (strcmp(figure->scenario, scenario) != 0 ||
			  strcmp(figure->setting, setting) != 0 ||
			  strcmp(figure->subject, subject) != 0 ||
			  strcmp(figure->metric, metric) != 0))
		figure = figure->next;
	return figure;
}

static struct figure *add_figure(struct results *results,
				 const struct figure *key)
{
	struct figure *figure = allocated(calloc(1, sizeof(*figure)));
	struct figure **link = &results->figures;

	figure->scenario = copy(key->scenario);
	figure->setting = copy(key->setting);
	figure->subject = copy(key->subject);
	figure->metric = copy(key->metric);
	figure->unit = copy(key->unit);
	figure->x = key->x;
	while (*link)
		link = &(*link)->next;
	*link = figure;
	return figure;
}

static void put_in_order(struct figure *figure, int round, double value)
{
	if (round >= figure->order_count) {
		figure->in_order = allocated(
			reallocarray(figure->in_order, (size_t)round + 1,
				     sizeof(figure->in_order[0])));
		while (figure->order_count <= round)
			figure->in_order[figure->order_count++] = NAN;
	}
	figure->in_order[round] = value;
}

void results_add(struct results *results, const struct figure *key,
		 double value)
{
	struct figure *figure =
		results_find(results, key->scenario, key->setting, key->subject,
			     key->metric);

	if (isnan(value))
		return;
	if (!figure)
		figure = add_figure(results, key);
	samples_add(&figure->rounds, value);
	put_in_order(figure, results->round, value);
}

double figure_in_round(const struct figure *figure, int round)
{
	return round < figure->order_count ? figure->in_order[round] : NAN;
}

static struct pool *find_pool(const struct results *results,
			      const struct pool *key)
{
	struct pool *pool = results->pools;

	while (pool && (strcmp(pool->scenario, key->scenario) != 0 ||
			strcmp(pool->setting, key->setting) != 0 ||
			strcmp(pool->subject, key->subject) != 0 ||
			strcmp(pool->metric, key->metric) != 0))
		pool = pool->next;
	return pool;
}

void results_pool(struct results *results, const struct pool *key,
		  const struct samples *more)
{
	struct pool *pool = find_pool(results, key);
	struct pool **link = &results->pools;

	if (!pool) {
		pool = allocated(calloc(1, sizeof(*pool)));
		pool->scenario = copy(key->scenario);
		pool->setting = copy(key->setting);
		pool->subject = copy(key->subject);
		pool->metric = copy(key->metric);
		pool->unit = copy(key->unit);
		while (*link)
			link = &(*link)->next;
		*link = pool;
	}
	samples_append(&pool->samples, more);
}

double figure_spread(struct figure *figure)
{
	double median = samples_median(&figure->rounds);

	if (!(median > 0))
		return 0;
	return (samples_max(&figure->rounds) - samples_min(&figure->rounds)) /
	       median;
}

void results_free(struct results *results)
{
	struct figure *figure;
	struct pool *pool;

	while ((figure = results->figures)) {
		results->figures = figure->next;
		free((char *)figure->scenario);
		free((char *)figure->setting);
		free((char *)figure->subject);
		free((char *)figure->metric);
		free((char *)figure->unit);
		samples_free(&figure->rounds);
		free(figure->in_order);
		free(figure);
	}
	while ((pool = results->pools)) {
		results->pools = pool->next;
		free((char *)pool->scenario);
		free((char *)pool->setting);
		free((char *)pool->subject);
		free((char *)pool->metric);
		free((char *)pool->unit);
		samples_free(&pool->samples);
		free(pool);
	}
}
