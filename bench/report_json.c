/* SPDX-License-Identifier: MIT */
/* report_json.c - the whole run as one JSON object. */
#include "config.h"

#include <jansson.h>
#include <math.h>

#include "bench/fail.h"
#include "bench/lock.h"
#include "bench/report.h"
#include "bench/scenario.h"

/* Takes the value over. */
static void set(json_t *object, const char *name, json_t *value)
{
	if (!value || json_object_set_new(object, name, value) < 0)
		fail("no memory for the JSON");
}

static void append(json_t *array, json_t *value)
{
	if (!value || json_array_append_new(array, value) < 0)
		fail("no memory for the JSON");
}

/* null: none. */
static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *machine_object(const struct machine *machine)
{
	json_t *object = json_object();

	for (int i = 0; i < machine->count; i++)
		set(object, machine->facts[i].name,
		    json_string(machine->facts[i].text));
	return object;
}

/* A time in ns as one in us; null: the scenario's own. */
static json_t *choice(int64_t value)
{
	return value < 0 ? json_null() : json_real((double)value / 1e3);
}

static json_t *counts(const int *list)
{
	json_t *array = json_array();

	for (int i = 0; list[i]; i++)
		append(array, json_integer(list[i]));
	return array;
}

static json_t *options_object(const struct options *options)
{
	json_t *object = json_object();
	json_t *scenarios = json_array(), *locks = json_array();

	for (int i = 0; options->scenarios[i]; i++)
		append(scenarios, json_string(options->scenarios[i]->name));
	for (int i = 0; options->locks[i]; i++)
		append(locks, json_string(options->locks[i]->name));
	set(object, "scenarios", scenarios);
	set(object, "locks", locks);
	set(object, "rounds", json_integer(options->rounds));
	set(object, "duration us", choice(options->duration));
	set(object, "hold us", choice(options->hold));
	set(object, "think us", choice(options->think));
	set(object, "processes", counts(options->processes));
	set(object, "keys", counts(options->keys));
	set(object, "noise", json_real(options->noise));
	set(object, "idle", json_boolean(options->idle));
	return object;
}

static void set_values(json_t *object, struct samples *rounds)
{
	set(object, "median", number(samples_median(rounds)));
	set(object, "min", number(samples_min(rounds)));
	set(object, "max", number(samples_max(rounds)));
}

static json_t *figure_object(struct figure *figure,
			     const struct options *options)
{
	json_t *object = json_object(), *rounds = json_array();

	set(object, "scenario", json_string(figure->scenario));
	set(object, "setting", json_string(figure->setting));
	set(object, "x", number(figure->x));
	set(object, "subject", json_string(figure->subject));
	set(object, "metric", json_string(figure->metric));
	set(object, "unit", json_string(figure->unit));
	set_values(object, &figure->rounds);
	set(object, "noisy", json_boolean(figure_is_noisy(figure, options)));
	for (int i = 0; i < options->rounds; i++)
		append(rounds, number(figure_in_round(figure, i)));
	set(object, "rounds", rounds);
	return object;
}

static json_t *ratio_object(struct ratio *ratio, int count)
{
	json_t *object = json_object(), *rounds = json_array();

	set(object, "what", json_string(ratio->what));
	set(object, "unit", json_string(ratio->unit));
	set_values(object, &ratio->rounds);
	set(object, "bar", json_string(ratio->bar));
	set(object, "reached", json_boolean(ratio->reached));
	for (int i = 0; i < count; i++)
		append(rounds,
		       number(i < ratio->order_count ? ratio->in_order[i]
						     : NAN));
	set(object, "rounds", rounds);
	return object;
}

void report_json(FILE *file, const struct report *report)
{
	const struct options *options = report->options;
	json_t *root = json_object();
	json_t *figures = json_array(), *ratios = json_array();

	set(root, "machine", machine_object(report->machine));
	set(root, "options", options_object(options));
	for (struct figure *figure = report->results->figures; figure;
	     figure = figure->next)
		append(figures, figure_object(figure, options));
	for (struct ratio *ratio = report->ratios; ratio; ratio = ratio->next)
		append(ratios, ratio_object(ratio, options->rounds));
	set(root, "figures", figures);
	set(root, "ratios", ratios);
	if (json_dumpf(root, file, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) < 0)
		fail("the results cannot be written as JSON");
	putc('\n', file);
	json_decref(root);
}
