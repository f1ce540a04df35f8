/* SPDX-License-Identifier: MIT */
/* calls_main.c - the process that makes one kind of call again and again. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <portlock/portlock.h>

#include "bench/calls.h"
#include "bench/calls/checked.h"
#include "bench/samples.h"
#include "bench/worker.h"

/* Between two looks at the clock, which should take nothing beside it. */
#define BATCH_NS (20 * 1000)

static void make_one(const struct call *call)
{
	call->take();
	if (call->give)
		call->give();
}

static double time_batch(const struct call *call, int size)
{
	int64_t start = now_ns();

	for (int i = 0; i < size; i++)
		make_one(call);
	return (double)(now_ns() - start);
}

/* The median of batches: another program may have had the processor. */
static double measure(const struct call *call, int64_t duration)
{
	int64_t begin = now_ns() + duration / 10, end = begin + duration;
	struct samples batches = { 0 };
	double median;
	int size = 1;

	while (time_batch(call, size) < BATCH_NS)
		size *= 2;
	while (now_ns() < begin)
		time_batch(call, size);
	do
		samples_add(&batches, time_batch(call, size) / size);
	while (now_ns() < end);
	median = samples_median(&batches);
	samples_free(&batches);
	return median;
}

static bool is_held(const char *key)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	portlock_t *lock;
	int error;

	options.transport = "unix";
	error = portlock_open(&lock, key, &options);
	if (error == 0) {
		error = portlock_try_lock(lock);
		portlock_close(lock);
	}
	/* By the shim's copy of the library, or by our own. */
	if (error == -EBUSY || error == -EDEADLK)
		return true;
	if (error)
		fail("portlock '%s': %s", key, strerror(-error));
	return false;
}

/* Does the rule match as it should? */
static void check(const struct call *call, const char *key, bool should)
{
	bool held;

	call->take();
	held = is_held(key);
	if (call->give)
		call->give();
	if (held && !should)
		fail("%s: a portlock is held, but no rule matches", call->name);
	if (!held && should)
		fail("%s: no portlock is held, but a rule matches", call->name);
}

static void enter(const char *folder)
{
	checked(chdir(folder), folder);
	checked(close(checked(
			open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600),
			"file")),
		"file");
}

void calls_main(int argc, char **argv)
{
	const struct call *call;
	const char *name;

	if (argc != CALLS_ARGUMENTS || strcmp(argv[1], CALLS_ARGUMENT) != 0)
		return;
	call = call_find(argv[2]);
	if (!call)
		fail("there is no call '%s'", argv[2]);
	name = argv[5];
	enter(argv[4]);
	if (call->begin)
		call->begin(name);
	check(call, name, strcmp(argv[6], "1") == 0);
	printf("%.2f\n", measure(call, atoll(argv[3])));
	exit(fflush(stdout) == 0 ? 0 : EXIT_FAILED);
}
