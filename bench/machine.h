/* SPDX-License-Identifier: MIT */
/* machine.h - where it was measured; without what names a host or a user. */
#ifndef PORTLOCK_BENCH_MACHINE_H
#define PORTLOCK_BENCH_MACHINE_H

#define FACTS_MAX 24

struct fact {
	const char *name; /* "processor" */
	char text[240];
};

struct machine {
	struct fact facts[FACTS_MAX]; /* those that could be found out */
	int count;
};

/* As it is now.  The locks that are files will have them in that folder. */
void machine_read(struct machine *machine, const char *folder);

/* "" if it is not known. */
const char *machine_fact(const struct machine *machine, const char *name);

#endif
