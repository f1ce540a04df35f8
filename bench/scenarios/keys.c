/* SPDX-License-Identifier: MIT */
/* keys.c - what it costs a process to hold many locks of different names.
 *
 * A lock may have no room for so many: ports of different names collide, and
 * then the worker waits for itself, for ever.  So it counts its steps where we
 * see them; if they stop it is killed, and another one takes as many as
 * it held.
 */
#include "config.h"

#include <stdio.h>

#include "bench/fail.h"
#include "bench/queue.h"
#include "bench/scenarios/keys.h"
#include "bench/worker.h"

#define LOOK_EVERY (5 * 1000 * 1000)	    /* ns */
#define STALLED_AFTER (INT64_C(2000000000)) /* ns without a step */
#define TRIES 5
#define KEYS_FOR_MEMORY 10 /* fewer need less than a page */

static const int counts[] = { 1, 100, 10000, 0 };

/* What is to be taken away if the run ends while it is held. */
static const struct measurement *held_by;

/* Until the worker is done; returns false if it has stopped on the way. */
static bool watch(struct keys_found *found)
{
	unsigned last = 0;
	int64_t since = now_ns();

	while (atomic_load(&found->phase) != OVER) {
		unsigned steps = atomic_load(&found->steps);

		if (steps != last)
			since = now_ns();
		else if (now_ns() - since > STALLED_AFTER)
			return false;
		last = steps;
		rest_until(now_ns() + LOOK_EVERY);
	}
	return true;
}

/* What a killed worker has left. */
static void remove_all(void)
{
	const struct measurement *measurement = held_by;

	held_by = NULL;
	for (int i = 0; measurement && i < measurement->setting->value; i++) {
		void *lock = keys_open(measurement, i);

		if (lock)
			measurement->lock->close(lock, true);
	}
}

/* Returns false if the worker has stopped on the way. */
static bool hold(struct keys_job *job)
{
	pid_t worker;

	*job->found = (struct keys_found){ 0 };
	held_by = job->measurement;
	worker = worker_start(keys_hold, job);
	if (watch(job->found)) {
		worker_end(worker);
		held_by = NULL;
		return true;
	}
	worker_kill(worker);
	remove_all();
	return false;
}

/* The worker had more open than it could take: what those need is not to be
 * counted for the ones that it held, so once more with as many. */
static bool took_all(struct keys_job *job)
{
	int held = atomic_load(&job->found->held);

	if (held == job->count)
		return true;
	job->count = held;
	return false;
}

/* After it has stopped: returns false if that was not for the number of keys,
 * but for another program that came in between. */
static bool take_fewer(struct keys_job *job)
{
	int held = atomic_load(&job->found->held);

	if (atomic_load(&job->found->phase) != TAKING || held == 0)
		return false;
	job->count = held;
	return true;
}

static void record_found(const struct measurement *measurement,
			 const struct keys_found *found)
{
	double held = atomic_load(&found->held);

	record(measurement, "held", "", held);
	record(measurement, "descriptors/key", "",
	       (double)(found->after.descriptors - found->before.descriptors) /
		       held);
	if (found->after.memory >= 0 && held >= KEYS_FOR_MEMORY)
		record(measurement, "memory/key", "B",
		       (double)(found->after.memory - found->before.memory) /
			       held);
	record(measurement, "open", "us", found->open / 1e3);
	record(measurement, "take", "us", found->take / 1e3);
	record(measurement, "pair", "us", found->pair / 1e3);
	record(measurement, "let go", "us", found->let_go / 1e3);
}

static int settings(const struct options *options,
		    struct setting settings[LIST_MAX])
{
	const int *list = options->keys[0] ? options->keys : counts;
	int count = 0;

	for (; count < LIST_MAX && list[count]; count++) {
		settings[count].value = list[count];
		snprintf(settings[count].label, sizeof(settings[count].label),
			 "%d key%s", list[count], list[count] == 1 ? "" : "s");
	}
	return count;
}

static void measure(struct measurement *measurement)
{
	struct keys_job job = {
		.measurement = measurement,
		.found = shared_new(sizeof(*job.found)),
		.count = measurement->setting->value,
	};
	int tries = 0;

	queue_check(measurement);
	do
		while (!hold(&job))
			if (!take_fewer(&job) && ++tries == TRIES)
				fail("%s, %s: stopped %d times on its way",
				     measurement->subject,
				     measurement->setting->label, TRIES);
	while (!took_all(&job));
	record_found(measurement, job.found);
	shared_free(job.found, sizeof(*job.found));
}

const struct scenario scenario_keys = {
	.name = "keys",
	.what = "what it costs a process to hold 1, 100, 10,000 locks",
	.settings = settings,
	.measure = measure,
	.clean = remove_all,
};
