/* SPDX-License-Identifier: MIT */
/* footprint.h - what a process takes of the machine. */
#ifndef PORTLOCK_BENCH_FOOTPRINT_H
#define PORTLOCK_BENCH_FOOTPRINT_H

struct footprint {
	long descriptors;
	/* Bytes of pages that no other process has: neither what the kernel
	 * keeps for it, nor what was shared since the fork.  -1: unknown. */
	long memory;
};

/* Opens what is looked at: later there may be no descriptor left for it. */
void footprint_begin(void);

/* Of this process. */
struct footprint footprint_now(void);

#endif
