/* SPDX-License-Identifier: MIT */
/* uncontended.c - a free lock is taken and let go, by one process.
 *
 * Beside it the floor: the bare system calls that the same lock needs, in
 * batches that alternate with the lock's own, so that both see the same
 * machine.
 */
#include "config.h"

#include <string.h>

#include "bench/fail.h"
#include "bench/scenario.h"
#include "bench/stop.h"
#include "bench/worker.h"

#define BATCH 32 /* pairs between two looks at the clock */
#define WARM_UP 10

static void take_pairs(const struct measurement *measurement)
{
	for (int i = 0; i < BATCH; i++) {
		int error = measurement->lock->acquire(measurement->opened);

		if (error == 0)
			error = measurement->lock->release(measurement->opened);
		if (error)
			fail("%s: %s", measurement->subject, strerror(error));
	}
}

static void take_floors(const struct measurement *measurement)
{
	for (int i = 0; i < BATCH; i++)
		measurement->lock->floor(measurement->opened);
}

static void time_batch(const struct measurement *measurement,
		       void (*batch)(const struct measurement *),
		       struct samples *samples)
{
	int64_t start = now_ns();

	batch(measurement);
	samples_add(samples, (double)(now_ns() - start) / BATCH);
}

static void measure(struct measurement *measurement)
{
	const struct bench_lock *lock = measurement->lock;
	struct samples pairs = { 0 }, floors = { 0 };
	int64_t end = now_ns() + duration_of(measurement->options, DURATION / 5);

	for (int i = 0; i < WARM_UP; i++) {
		take_pairs(measurement);
		if (lock->floor)
			take_floors(measurement);
	}
	do {
		time_batch(measurement, take_pairs, &pairs);
		if (lock->floor)
			time_batch(measurement, take_floors, &floors);
		stop_check();
	} while (now_ns() < end);
	record(measurement, "pair", "us", samples_median(&pairs) / 1e3);
	if (lock->floor) {
		record(measurement, "floor", "us",
		       samples_median(&floors) / 1e3);
		record(measurement, "pair/floor", "",
		       samples_median(&pairs) / samples_median(&floors));
	}
	samples_free(&pairs);
	samples_free(&floors);
}

const struct scenario scenario_uncontended = {
	.name = "uncontended",
	.what = "a free lock, taken and let go by one process, and its floor",
	.settings = settings_none,
	.measure = measure,
};
