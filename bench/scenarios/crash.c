/* SPDX-License-Identifier: MIT */
/* crash.c - from the SIGKILL of the holder until the next one holds.
 *
 * One kill after the other: a waiter that gets the lock is the next holder to
 * be killed, and new processes queue up behind.  A lock that stays taken when
 * its holder is killed has nothing to measure here and is left out.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "bench/awake.h"
#include "bench/queue.h"

#define WARM_UP 2    /* kills */
#define KILLS_MIN 10 /* however short the duration */

/* All points of so long a time (ns) are met by a kill, evenly: a lock that
 * polls would else always be met at the same point of its sleep. */
#define SPREAD 10e6
#define GOLDEN_RATIO 1.6180339887498949

static const struct {
	const char *label;
	int waiters;
	bool first_too;
} cases[] = {
	{ "holder killed", 1, false },
	{ "holder killed, 16 waiters", 16, false },
	{ "first waiter killed too", 4, true },
};

#define CASES ((int)(sizeof(cases) / sizeof(cases[0])))

static int settings(const struct options *options,
		    struct setting settings[LIST_MAX])
{
	(void)options;
	for (int i = 0; i < CASES; i++) {
		settings[i].value = i;
		strcpy(settings[i].label, cases[i].label);
	}
	return CASES;
}

static bool suits(const struct measurement *measurement)
{
	return !measurement->lock->orphans;
}

/* Kills the holder, and prepares for the next time. */
static double time_kill(struct queue *queue, int kills)
{
	int index = queue->measurement->setting->value;
	double turns = kills * GOLDEN_RATIO, taken;

	rest_until(now_ns() + (int64_t)((turns - floor(turns)) * SPREAD));
	taken = (double)queue_kill(queue, cases[index].first_too);
	queue_fill(queue, cases[index].waiters);
	return taken;
}

static void record_all(const struct measurement *measurement,
		       struct samples *times)
{
	record(measurement, "p50", "us", samples_median(times) / 1e3);
	record(measurement, "p99", "us", samples_quantile(times, 0.99) / 1e3);
	record(measurement, "max", "us", samples_max(times) / 1e3);
	record(measurement, "mean", "us", samples_mean(times) / 1e3);
	record(measurement, "kills", "", (double)times->count);
}

static void measure(struct measurement *measurement)
{
	const struct options *options = measurement->options;
	struct samples times = { 0 };
	struct queue queue;
	int64_t end;
	int kills = 0;

	if (!options->idle)
		awake_begin();
	queue_begin(&queue, measurement,
		    cases[measurement->setting->value].waiters);
	while (kills < WARM_UP)
		time_kill(&queue, kills++);
	end = now_ns() + duration_of(options, DURATION);
	while (kills < WARM_UP + KILLS_MIN || now_ns() < end)
		samples_add(&times, time_kill(&queue, kills++));
	queue_end(&queue);
	if (!options->idle)
		awake_end();
	record_all(measurement, &times);
	samples_free(&times);
}

const struct scenario scenario_crash = {
	.name = "crash",
	.what = "from the holder's SIGKILL until the next one holds",
	.settings = settings,
	.suits = suits,
	.measure = measure,
};
