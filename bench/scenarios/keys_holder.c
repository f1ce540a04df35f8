/* SPDX-License-Identifier: MIT */
/* keys_holder.c - the worker that holds many locks of different names.
 *
 * It takes one after the other; all are held while single ones are let go and
 * taken again.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "bench/fail.h"
#include "bench/scenarios/keys.h"
#include "bench/worker.h"

#define BATCH 32 /* pairs between two looks at the clock */

struct holder {
	const struct measurement *measurement;
	const struct bench_lock *lock;
	struct keys_found *found;
	void **keys;
	int count, opened, held; /* of keys */
};

void *keys_open(const struct measurement *measurement, int index)
{
	char name[80];

	snprintf(name, sizeof(name), "%s-%d", measurement->name, index);
	return measurement->lock->open(name);
}

static void step(const struct holder *holder, enum keys_phase phase)
{
	atomic_store(&holder->found->phase, phase);
	atomic_fetch_add(&holder->found->steps, 1);
}

/* As many descriptors as it may have, and no huge pages: they would hide what
 * a key needs. */
static void make_room(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

static void check(const struct holder *holder, int error)
{
	if (error)
		fail("%s, %s: %s", holder->measurement->subject,
		     holder->measurement->setting->label, strerror(error));
}

/* The first time takes what is needed once, however many keys there are. */
static void warm_up(const struct holder *holder)
{
	void *opened = holder->lock->open(holder->measurement->name);

	check(holder, opened ? 0 : errno);
	check(holder, holder->lock->acquire(opened));
	check(holder, holder->lock->release(opened));
	holder->lock->close(opened, false);
	footprint_now();
}

/* As many as there is room for. */
static void open_all(struct holder *holder)
{
	int64_t start = now_ns();

	while (holder->opened < holder->count) {
		void *key = keys_open(holder->measurement, holder->opened);

		if (!key)
			break;
		holder->keys[holder->opened++] = key;
		step(holder, OPENING);
	}
	if (holder->opened == 0)
		check(holder, errno);
	holder->found->open = (double)(now_ns() - start) / holder->opened;
}

static void take_all(struct holder *holder)
{
	int64_t start = now_ns();
	int error = 0;

	while (holder->held < holder->opened) {
		step(holder, TAKING);
		error = holder->lock->acquire(holder->keys[holder->held]);
		if (error)
			break;
		atomic_store(&holder->found->held, ++holder->held);
	}
	if (holder->held == 0)
		check(holder, error);
	holder->found->take = (double)(now_ns() - start) / holder->held;
}

static double time_batch(const struct holder *holder)
{
	void *keys[BATCH];
	int64_t start;

	for (int i = 0; i < BATCH; i++)
		/* Some are held.  NOLINTNEXTLINE(*-core.DivideZero) */
		keys[i] = holder->keys[random() % holder->held];
	start = now_ns();
	for (int i = 0; i < BATCH; i++) {
		check(holder, holder->lock->release(keys[i]));
		check(holder, holder->lock->acquire(keys[i]));
	}
	return (double)(now_ns() - start) / BATCH;
}

static void take_pairs(const struct holder *holder)
{
	int64_t end =
		now_ns() + duration_of(holder->measurement->options, DURATION);
	struct samples pairs = { 0 };

	do {
		step(holder, PAIRS);
		samples_add(&pairs, time_batch(holder));
	} while (now_ns() < end);
	holder->found->pair = samples_median(&pairs);
	samples_free(&pairs);
}

static void let_go_all(const struct holder *holder)
{
	int64_t start = now_ns();

	for (int i = 0; i < holder->held; i++) {
		check(holder, holder->lock->release(holder->keys[i]));
		step(holder, LETTING_GO);
	}
	holder->found->let_go = (double)(now_ns() - start) / holder->held;
}

static void close_all(const struct holder *holder)
{
	for (int i = 0; i < holder->opened; i++) {
		holder->lock->close(holder->keys[i], true);
		step(holder, CLOSING);
	}
}

static void allocate(struct holder *holder)
{
	size_t size = (size_t)holder->count * sizeof(*holder->keys);

	holder->keys = malloc(size);
	if (!holder->keys)
		fail("no memory for %d keys", holder->count);
	memset(holder->keys, 0xff, size); /* else it looks like the keys' */
}

void keys_hold(void *argument)
{
	const struct keys_job *job = argument;
	struct holder holder = {
		.measurement = job->measurement,
		.lock = job->measurement->lock,
		.found = job->found,
		.count = job->count,
	};

	make_room();
	allocate(&holder);
	footprint_begin();
	warm_up(&holder);
	holder.found->before = footprint_now();
	open_all(&holder);
	take_all(&holder);
	holder.found->after = footprint_now();
	take_pairs(&holder);
	let_go_all(&holder);
	close_all(&holder);
	step(&holder, OVER);
	free(holder.keys);
}
