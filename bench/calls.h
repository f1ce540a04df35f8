/* SPDX-License-Identifier: MIT */
/* calls.h - the calls that the shim hooks, each with its opposite.
 *
 * They are made by a process of their own, into which the loader puts the shim
 * or not: portlock-bench, started once more by itself.
 */
#ifndef PORTLOCK_BENCH_CALLS_H
#define PORTLOCK_BENCH_CALLS_H

#include <stdbool.h>

struct call {
	const char *name;
	const char *family;    /* of rules; NULL: it is not hooked */
	const char *matched;   /* a pattern for what it works on */
	const char *unmatched; /* rules of the family for anything else */
	bool locks; /* if it matches, a portlock is held until give() */

	/* By the one who measures: makes what outlives processes, and takes
	 * away what was made.  NULL: there is nothing of the kind. */
	void (*make)(const char *name);
	void (*remove)(void);

	/* By the one who calls, in a folder with a file "file"; begin and give
	 * may be NULL. */
	void (*begin)(const char *name);
	void (*take)(void);
	void (*give)(void);
};

/* NULL after the last. */
extern const struct call *const calls[];

const struct call *call_find(const char *name);

/*
 * The one who calls:
 *
 *	portlock-bench --calls CALL NANOSECONDS FOLDER NAME HELD
 *
 * prints what a call and its opposite take, in nanoseconds.  Fails unless a
 * portlock with that NAME is held between the two (HELD is 1) or not (0): it is
 * how one sees that a rule did match.
 */
#define CALLS_ARGUMENT "--calls"
#define CALLS_ARGUMENTS 7

/* Does that and exits, if those are the arguments. */
void calls_main(int argc, char **argv);

#endif
