/* SPDX-License-Identifier: MIT */
/* run.c - all measurements, in an order that is fair to all. */
#include "config.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/fail.h"
#include "bench/progress.h"
#include "bench/run.h"
#include "bench/scenario.h"
#include "bench/stop.h"

static char folder[PATH_MAX];
static const struct scenario *running;
static const struct bench_lock *lock_in_use;
static void *opened;

static int remove_one(const char *path, const struct stat *about, int type,
		      struct FTW *where)
{
	(void)about;
	(void)type;
	(void)where;
	return remove(path);
}

static void close_lock(void)
{
	if (opened)
		lock_in_use->close(opened, true);
	opened = NULL;
}

static void clean(void)
{
	progress_end();
	if (running && running->clean)
		running->clean();
	running = NULL;
	close_lock();
	if (*folder)
		nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	*folder = '\0';
}

const char *run_folder(const struct options *options)
{
	const char *parent = options->folder;

	if (!parent)
		parent = getenv("TMPDIR");
	return parent && *parent ? parent : "/tmp";
}

static void make_folder(const char *parent)
{
	if ((size_t)snprintf(folder, sizeof(folder), "%s/portlock-bench-XXXXXX",
			     parent) >= sizeof(folder))
		fail_usage("the name of folder '%s' is too long", parent);
	if (!mkdtemp(folder)) {
		int error = errno;

		*folder = '\0';
		fail("cannot make a folder in '%s': %s; --folder names another",
		     parent, strerror(error));
	}
	bench_folder = folder;
}

static void measure(struct measurement *measurement)
{
	static unsigned count;
	char name[64];

	stop_check();
	snprintf(name, sizeof(name), "portlock-bench-%d-%u", (int)getpid(),
		 ++count);
	measurement->name = name;
	progress_at(measurement);
	if (measurement->lock) {
		lock_in_use = measurement->lock;
		opened = lock_in_use->open(name);
		if (!opened)
			fail("%s: cannot open it: %s", measurement->subject,
			     strerror(errno));
		measurement->opened = opened;
	}
	running = measurement->scenario;
	running->measure(measurement);
	running = NULL;
	close_lock();
}

/* Says which subject comes at that place; false after the last. */
static bool subject_at(struct measurement *measurement, int index)
{
	const char *const *subjects = measurement->scenario->subjects;

	if (subjects) {
		measurement->subject = subjects[index];
	} else {
		measurement->lock = measurement->options->locks[index];
		measurement->subject =
			measurement->lock ? measurement->lock->name : NULL;
	}
	return measurement->subject != NULL;
}

static void run_setting(struct measurement *measurement)
{
	const struct scenario *scenario = measurement->scenario;

	for (int i = 0; subject_at(measurement, i); i++)
		if (!scenario->suits || scenario->suits(measurement))
			measure(measurement);
}

/* Without what it needs a scenario is left out, unless it was asked for. */
static bool can_run(const struct options *options,
		    const struct scenario *scenario)
{
	const char *obstacle = scenario->obstacle ? scenario->obstacle() : NULL;

	if (obstacle && !options->all_scenarios)
		fail("cannot run %s: %s", scenario->name, obstacle);
	if (obstacle)
		warn("%s is left out: %s", scenario->name, obstacle);
	return !obstacle;
}

static void run_scenario(const struct scenario *scenario,
			 const struct options *options, struct results *results)
{
	struct setting settings[LIST_MAX];
	struct measurement measurement = {
		.scenario = scenario,
		.options = options,
		.results = results,
	};
	int count = scenario->settings(options, settings);

	if (scenario->begin)
		scenario->begin();
	for (int round = 0; round < options->rounds; round++) {
		results->round = round;
		progress_round(round);
		for (int i = 0; i < count; i++) {
			measurement.setting = &settings[i];
			run_setting(&measurement);
		}
	}
	if (scenario->end)
		scenario->end();
}

void run_all(const struct options *options, struct results *results)
{
	const struct scenario *possible[LIST_MAX];
	int count = 0;

	for (int i = 0; options->scenarios[i]; i++)
		if (can_run(options, options->scenarios[i]))
			possible[count++] = options->scenarios[i];
	stop_watch(clean);
	make_folder(run_folder(options));
	progress_begin(options);
	for (int i = 0; i < count; i++)
		run_scenario(possible[i], options, results);
	stop_check();
	progress_end();
	if (!results->figures)
		fail("nothing was measured: none of these locks suits any of "
		     "these scenarios; --list tells what there is");
}
