/* SPDX-License-Identifier: MIT */
/* scaling.c - the hand-over as more and more processes wait.
 *
 * In turn here, too: else a lock that polls or is not fair is taken back by who
 * has just let go, and only those hand-overs are left that were quick enough to
 * come before that.
 */
#include "config.h"

#include "bench/crowd.h"

#define HOLD (300 * 1000) /* ns */
#define THINK (100 * 1000)

static const int counts[] = { 2, 4, 8, 16, 32, 64, 128, 256, 0 };

static int settings(const struct options *options,
		    struct setting settings[LIST_MAX])
{
	return settings_processes(options, counts, settings);
}

static void measure(struct measurement *measurement)
{
	const struct options *options = measurement->options;
	struct crowd crowd = {
		.processes = measurement->setting->value,
		.hold = options->hold < 0 ? HOLD : options->hold,
		.think = options->think < 0 ? THINK : options->think,
		.in_turn = true,
		.idle = options->idle,
	};
	struct crowd_report report;

	crowd_run(measurement, &crowd, &report);
	record_times(measurement, &report.handoffs);
	record(measurement, "counted", "", (double)report.handoffs.count);
	crowd_report_free(&report);
}

const struct scenario scenario_scaling = {
	.name = "scaling",
	.what = "the same with 2, 4, 8 ... 256 processes",
	.settings = settings,
	.measure = measure,
};
