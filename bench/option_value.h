/* SPDX-License-Identifier: MIT */
/* option_value.h - the values of options: numbers, names, and lists of them.
 *
 * Whatever is wrong ends the program by fail_usage(), with a message that has
 * the option, the value and what would be right.
 */
#ifndef PORTLOCK_BENCH_OPTION_VALUE_H
#define PORTLOCK_BENCH_OPTION_VALUE_H

#include <stdbool.h>

#include "bench/options.h"

struct range {
	const char *what; /* "number of rounds" */
	double min, max;
	const char *example;
};

/* Digits, with or without a fraction. */
double value_number(const char *option, const char *value,
		    const struct range *range);

/* Digits alone. */
int value_count(const char *option, const char *value,
		const struct range *range);

/* A list of such, each once; 0 after the last. */
void value_counts(const char *option, const char *list,
		  const struct range *range, int counts[LIST_MAX]);

/* Some of the names that there are; at first none, which stands for all. */
struct names {
	const char *what;	   /* "lock" */
	const char *all[LIST_MAX]; /* NULL after the last */
	int chosen[LIST_MAX];	   /* their places in all, in order */
	int count;
	bool given; /* there was a list */
	bool named; /* with one to have, not just to leave out */
};

/* Adds what a list names, each once, or takes away what has a dash before it.
 * The option is NULL for what is no option's value. */
void value_names(const char *option, const char *list, struct names *names);

/* When all lists were read: those that remain, at least one. */
void names_end(const char *option, struct names *names);

#endif
