/* SPDX-License-Identifier: MIT */
/* option_choices.h - what each option does, and what --help says of it. */
#ifndef PORTLOCK_BENCH_OPTION_CHOICES_H
#define PORTLOCK_BENCH_OPTION_CHOICES_H

#include "bench/option_value.h"

/* What was read so far. */
struct request {
	struct options *options;
	struct names locks, scenarios;
	bool quick;
};

struct choice {
	const char *name;
	char letter;	   /* 0: none */
	const char *value; /* what --help calls it; NULL: it takes none */
	const char *what;
	void (*take)(struct request *request, const char *value);
};

#define CHOICES_MAX 32

/* In the order of --help; without a name after the last. */
extern const struct choice choices[];

#endif
