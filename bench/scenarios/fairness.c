/* SPDX-License-Identifier: MIT */
/* fairness.c - who gets it, and after what wait, if all are greedy. */
#include "config.h"

#include "bench/crowd.h"

#define HOLD (200 * 1000) /* ns */

static const int counts[] = { 16, 100, 0 };

static int settings(const struct options *options,
		    struct setting settings[LIST_MAX])
{
	return settings_processes(options, counts, settings);
}

static void record_shares(const struct measurement *measurement,
			  struct crowd_report *report)
{
	struct samples *shares = &report->acquired;
	double all = samples_mean(shares) * (double)shares->count;
	double most = samples_max(shares);

	record(measurement, "share min/max", "",
	       most > 0 ? samples_min(shares) / most : 0);
	record(measurement, "Jain's index", "", samples_jain(shares));
	record(measurement, "acquired", "/s", all / report->seconds);
}

static void measure(struct measurement *measurement)
{
	const struct options *options = measurement->options;
	struct crowd crowd = {
		.processes = measurement->setting->value,
		.hold = options->hold < 0 ? HOLD : options->hold,
		.think = options->think < 0 ? 0 : options->think,
		.idle = options->idle,
	};
	struct crowd_report report;

	crowd_run(measurement, &crowd, &report);
	record_times(measurement, &report.waits);
	record_shares(measurement, &report);
	record_pool(measurement, "wait", &report.waits);
	crowd_report_free(&report);
}

const struct scenario scenario_fairness = {
	.name = "fairness",
	.what = "greedy processes: waits, shares, acquisitions per second",
	.settings = settings,
	.measure = measure,
};
