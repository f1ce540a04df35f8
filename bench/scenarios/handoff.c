/* SPDX-License-Identifier: MIT */
/* handoff.c - from the release to the return of a waiter that was blocked.
 *
 * Two processes in turn: who has let go asks again only when the other one has
 * it, or a lock that is not fair would mostly be taken back.  How long a
 * processor takes to wake from its sleep is often most of it, so it is measured
 * both ways: with processors that are kept awake, which shows the lock, and
 * with such as may sleep.
 */
#include "config.h"

#include "bench/crowd.h"

#define HOLD (300 * 1000) /* ns */

enum { AWAKE, ASLEEP };

static int settings(const struct options *options,
		    struct setting settings[LIST_MAX])
{
	(void)options;
	settings[0] = (struct setting){ "processors awake", AWAKE };
	settings[1] = (struct setting){ "processors may sleep", ASLEEP };
	return 2;
}

static void measure(struct measurement *measurement)
{
	const struct options *options = measurement->options;
	struct crowd crowd = {
		.processes = 2,
		.hold = options->hold < 0 ? HOLD : options->hold,
		.think = options->think < 0 ? 0 : options->think,
		.in_turn = true,
		.idle = measurement->setting->value == ASLEEP,
	};
	struct crowd_report report;

	crowd_run(measurement, &crowd, &report);
	record_times(measurement, &report.handoffs);
	if (report.handoffs.count)
		record(measurement, "mean", "us",
		       samples_mean(&report.handoffs) / 1e3);
	record(measurement, "counted", "", (double)report.handoffs.count);
	record_pool(measurement, "handoff", &report.handoffs);
	crowd_report_free(&report);
}

const struct scenario scenario_handoff = {
	.name = "handoff",
	.what = "from a release to the blocked waiter's return, 2 processes",
	.settings = settings,
	.measure = measure,
};
