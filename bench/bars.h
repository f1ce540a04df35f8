/* SPDX-License-Identifier: MIT */
/* bars.h - what portlock is to reach, beside other locks in the same run. */
#ifndef PORTLOCK_BENCH_BARS_H
#define PORTLOCK_BENCH_BARS_H

/* A figure's. */
struct place {
	const char *scenario;
	const char *setting; /* NULL: each; of against: the same */
	const char *subject, *metric;
};

struct bar {
	const char *what;
	struct place of, against; /* no scenario: the figure itself */
	enum { AT_MOST, AT_LEAST, MORE_BY } kind;
	double bar;   /* MORE_BY: of - against, in the figures' unit */
	double share; /* or, MORE_BY: this part of against */
};

extern const struct bar bars[]; /* the last one is all zero */

#endif
