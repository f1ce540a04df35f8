/* SPDX-License-Identifier: MIT */
/* uncontended.c - a free lock is taken and let go, by one process.
 *
 * Beside it the floor: the bare system calls that the same lock needs, in
 * batches that alternate with the lock's own, so that both see the same
 * machine.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "bench/fail.h"
#include "bench/queue.h"
#include "bench/scenario.h"
#include "bench/worker.h"

#define BATCH 32 /* pairs between two looks at the clock */
#define WARM_UP 10

/* A process of its own: the run outlives a lock that crashes or hangs. */
struct job {
	const struct measurement *measurement;
	const struct bench_lock *lock;
	void *opened;
	int64_t duration;
	struct found {
		double pair, floor; /* ns */
	} * found;		    /* in shared memory */
};

static void check(const struct job *job, int error)
{
	if (error)
		fail("%s: %s", job->measurement->subject, strerror(error));
}

static void take_pairs(const struct job *job)
{
	for (int i = 0; i < BATCH; i++) {
		check(job, job->lock->acquire(job->opened));
		check(job, job->lock->release(job->opened));
	}
}

static void take_floors(const struct job *job)
{
	for (int i = 0; i < BATCH; i++)
		job->lock->floor(job->opened);
}

static void time_batch(const struct job *job, void (*batch)(const struct job *),
		       struct samples *samples)
{
	int64_t start = now_ns();

	batch(job);
	samples_add(samples, (double)(now_ns() - start) / BATCH);
}

static void take_all(void *argument)
{
	struct job *job = argument;
	struct samples pairs = { 0 }, floors = { 0 };
	int64_t end;

	job->opened = job->lock->open(job->measurement->name);
	check(job, job->opened ? 0 : errno);
	for (int i = 0; i < WARM_UP; i++) {
		take_pairs(job);
		if (job->lock->floor)
			take_floors(job);
	}
	end = now_ns() + job->duration;
	do {
		time_batch(job, take_pairs, &pairs);
		if (job->lock->floor)
			time_batch(job, take_floors, &floors);
	} while (now_ns() < end);
	job->found->pair = samples_median(&pairs);
	job->found->floor = samples_median(&floors);
	samples_free(&pairs);
	samples_free(&floors);
	job->lock->close(job->opened, false);
}

static void measure(struct measurement *measurement)
{
	struct job job = {
		.measurement = measurement,
		.lock = measurement->lock,
		.duration = duration_of(measurement->options, DURATION / 5),
		.found = shared_new(sizeof(*job.found)),
	};
	pid_t worker;

	queue_check(measurement);
	worker = worker_start(take_all, &job);
	rest_until(now_ns() + job.duration); /* and looks, but rarely */
	worker_end(worker);
	record(measurement, "pair", "us", job.found->pair / 1e3);
	if (job.lock->floor) {
		record(measurement, "floor", "us", job.found->floor / 1e3);
		record(measurement, "pair/floor", "",
		       job.found->pair / job.found->floor);
	}
	shared_free(job.found, sizeof(*job.found));
}

const struct scenario scenario_uncontended = {
	.name = "uncontended",
	.what = "a free lock, taken and let go by one process, and its floor",
	.settings = settings_none,
	.measure = measure,
};
