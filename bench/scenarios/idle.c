/* SPDX-License-Identifier: MIT */
/* idle.c - what it costs to wait: processor time and context switches.
 *
 * A lock is held, and after all the others are blocked for it they are watched
 * for a while.  Their time is the exact one of the scheduler: that of
 * /proc/PID/stat is in whole clock ticks for each process, and so 0 for a
 * hundred of which each has used half a tick.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "bench/proc.h"
#include "bench/queue.h"

#define WATCH INT64_C(2000000000) /* ns */

static const int counts[] = { 100, 0 };

static int settings(const struct options *options,
		    struct setting settings[LIST_MAX])
{
	int count = settings_processes(options, counts, settings);

	for (int i = 0; i < count; i++)
		snprintf(settings[i].label, sizeof(settings[i].label),
			 "%d waiters", settings[i].value);
	return count;
}

/* Of all waiters. */
static struct proc_usage usage_of(const struct queue *queue)
{
	struct proc_usage sum = { 0 };

	for (int i = 1; i < queue->count; i++) {
		struct proc_usage one = proc_usage(queue->members[i].pid);

		sum.time += one.time;
		sum.switches += one.switches;
	}
	return sum;
}

static void measure(struct measurement *measurement)
{
	int64_t watch = duration_of(measurement->options, WATCH);
	struct proc_usage before, after;
	struct queue queue;
	int64_t begin;

	queue_begin(&queue, measurement, measurement->setting->value);
	begin = now_ns();
	before = usage_of(&queue);
	rest_until(begin + watch);
	after = usage_of(&queue);
	watch = now_ns() - begin;
	queue_end(&queue);
	record(measurement, "processor time", "ms",
	       (double)(after.time - before.time) / 1e6);
	record(measurement, "clock ticks", "",
	       (double)(after.time - before.time) / 1e9 *
		       (double)sysconf(_SC_CLK_TCK));
	record(measurement, "switches", "",
	       (double)(after.switches - before.switches));
	record(measurement, "watched", "s", (double)watch / 1e9);
}

const struct scenario scenario_idle = {
	.name = "idle",
	.what = "processor time and context switches of 100 waiters",
	.settings = settings,
	.measure = measure,
};
