/* SPDX-License-Identifier: MIT */
/* scenario.c - the scenarios, and what they have in common. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "bench/fail.h"
#include "bench/scenario.h"
#include "bench/stop.h"

#define NSEC_PER_USEC 1e3

extern const struct scenario scenario_uncontended, scenario_handoff,
	scenario_scaling, scenario_fairness, scenario_crash, scenario_idle,
	scenario_keys, scenario_shim, scenario_cluster;

const struct scenario *const scenarios[] = {
	&scenario_uncontended, &scenario_handoff,
	&scenario_scaling,     &scenario_fairness,
	&scenario_crash,       &scenario_idle,
	&scenario_keys,	       &scenario_shim,
	&scenario_cluster,     NULL,
};

const struct scenario *scenario_find(const char *name)
{
	for (size_t i = 0; scenarios[i]; i++)
		if (strcmp(scenarios[i]->name, name) == 0)
			return scenarios[i];
	return NULL;
}

void record(const struct measurement *measurement, const char *metric,
	    const char *unit, double value)
{
	struct figure key = {
		.scenario = measurement->scenario->name,
		.setting = measurement->setting->label,
		.subject = measurement->subject,
		.metric = metric,
		.unit = unit,
		.x = measurement->setting->value,
	};

	results_add(measurement->results, &key, value);
}

void record_times(const struct measurement *measurement,
		  struct samples *samples)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = {
		{ "p50", 0.5 },
		{ "p99", 0.99 },
		{ "p99.9", 0.999 },
		{ "max", 1 },
	};

	if (samples->count == 0)
		return;
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		record(measurement, quantiles[i].name, "us",
		       samples_quantile(samples, quantiles[i].q) /
			       NSEC_PER_USEC);
}

void record_pool(const struct measurement *measurement, const char *metric,
		 const struct samples *samples)
{
	struct pool key = {
		.scenario = measurement->scenario->name,
		.setting = measurement->setting->label,
		.subject = measurement->subject,
		.metric = metric,
		.unit = "us",
	};
	struct samples in_usec = { 0 };

	for (size_t i = 0; i < samples->count; i++)
		samples_add(&in_usec, samples->values[i] / NSEC_PER_USEC);
	results_pool(measurement->results, &key, &in_usec);
	samples_free(&in_usec);
}

void record_violations(const struct measurement *measurement, unsigned count)
{
	if (count == 0)
		return;
	warn("mutual exclusion violated %u times by %s in %s%s%s: "
	     "nothing that was measured with it means anything",
	     count, measurement->subject, measurement->scenario->name,
	     *measurement->setting->label ? ", " : "",
	     measurement->setting->label);
	stop_exit(EXIT_VIOLATION);
}

int settings_none(const struct options *options,
		  struct setting settings[LIST_MAX])
{
	(void)options;
	settings[0] = (struct setting){ .value = 0 };
	return 1;
}

int settings_processes(const struct options *options, const int *own,
		       struct setting settings[LIST_MAX])
{
	const int *list = options->processes[0] ? options->processes : own;
	int count = 0;

	for (; count < LIST_MAX && list[count]; count++) {
		settings[count].value = list[count];
		snprintf(settings[count].label, sizeof(settings[count].label),
			 "%d processes", list[count]);
	}
	return count;
}
