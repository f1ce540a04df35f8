/* SPDX-License-Identifier: MIT */
/* scenario.h - one way of using locks that is measured.
 *
 * To add one, write a file in scenarios/, and a line for it in scenario.c and
 * in local.mk.
 */
#ifndef PORTLOCK_BENCH_SCENARIO_H
#define PORTLOCK_BENCH_SCENARIO_H

#include "bench/lock.h"
#include "bench/options.h"
#include "bench/results.h"

/* What a scenario is measured with: a number of processes, of keys, ... */
struct setting {
	char label[48]; /* "16 processes" */
	int value;
};

/* One subject under one setting in one round. */
struct measurement {
	const struct scenario *scenario;
	const struct options *options;
	const struct setting *setting;
	const char *subject;	       /* the lock's name, or another */
	const struct bench_lock *lock; /* NULL unless the subject is one */
	const char *name; /* for its locks; no other measurement has it */
	/* Already opened by us, under that name, and closed by us after the
	 * measurement; NULL unless the subject is a lock.  The workers open
	 * their own. */
	void *opened;
	struct results *results;
};

struct scenario {
	const char *name;
	const char *what; /* a line for --list */
	/* Fills settings, at most LIST_MAX, and returns how many. */
	int (*settings)(const struct options *options,
			struct setting settings[LIST_MAX]);
	/* NULL after the last; NULL instead: the locks. */
	const char *const *subjects;
	/* Why it cannot be measured here and what would help, or NULL.  NULL:
	 * it always can. */
	const char *(*obstacle)(void);
	/* What all its measurements need, made before the first and taken away
	 * after the last; what a run leaves that ends in between is workers and
	 * files in bench_folder.  NULL: nothing. */
	void (*begin)(void);
	void (*end)(void);
	/* False: not for this subject, under this setting.  NULL: for all. */
	bool (*suits)(const struct measurement *measurement);
	void (*measure)(struct measurement *measurement);
	/* Takes away what measure() has made, if the run ends within it; the
	 * workers are gone by then.  NULL: there is nothing. */
	void (*clean)(void);
};

/* All of them, in the order of a run; NULL after the last. */
extern const struct scenario *const scenarios[];

const struct scenario *scenario_find(const char *name);

/* ---- what a measurement finds --------------------------------------------- */

void record(const struct measurement *measurement, const char *metric,
	    const char *unit, double value);

/* The quantiles that every distribution of times in ns gets, in us: p50, p99,
 * p99.9, max.  Nothing, if it is empty. */
void record_times(const struct measurement *measurement,
		  struct samples *samples);

/* Its values also go into the distribution of all rounds, in us. */
void record_pool(const struct measurement *measurement, const char *metric,
		 const struct samples *samples);

/* Two had the lock at the same time: ends the run if count is not 0. */
void record_violations(const struct measurement *measurement, unsigned count);

/* ---- settings that several scenarios have --------------------------------- */

/* One setting, "", for scenarios that have none. */
int settings_none(const struct options *options,
		  struct setting settings[LIST_MAX]);

/* "16 processes" for each of --processes, else for those (0 after the last). */
int settings_processes(const struct options *options, const int *own,
		       struct setting settings[LIST_MAX]);

#endif
