/* SPDX-License-Identifier: MIT */
/* options.h - what the user asked for. */
#ifndef PORTLOCK_BENCH_OPTIONS_H
#define PORTLOCK_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct bench_lock;
struct scenario;

#define LIST_MAX 64

/* Of a measurement, where the scenario has no other, in ns. */
#define DURATION (INT64_C(500) * 1000 * 1000)

struct options {
	const struct scenario *scenarios[LIST_MAX]; /* NULL after the last */
	bool all_scenarios;			    /* none was named */
	struct bench_lock *locks[LIST_MAX];	    /* NULL after the last */
	int rounds;
	int64_t duration; /* of one measurement, ns, -1: see duration_of() */
	int64_t hold;	  /* ns, -1: the scenario's own */
	int64_t think;	  /* between release and acquire, ns, -1: likewise */
	int processes
		[LIST_MAX]; /* 0 after the last; none: the scenario's own */
	int keys[LIST_MAX]; /* likewise */
	double noise;	    /* spread above which a figure is noisy, 0.25 */
	bool idle;	    /* processors may go to sleep */
	bool quiet;
	const char *csv, *json; /* a file, "-" or NULL */
	const char *report;	/* a folder to make, or NULL */
	const char *folder;	/* where files for locks are, or NULL */
};

/* Exits with EXIT_USAGE, or with 0 after --help, --version and --list. */
void options_read(struct options *options, int argc, char **argv);

/* Of a measurement, in ns: the user's, or else the scenario's own. */
int64_t duration_of(const struct options *options, int64_t own);

#endif
