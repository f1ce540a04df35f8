/* SPDX-License-Identifier: MIT */
/* awake.h - keeps the processors out of their sleep.
 *
 * A processor with nothing to do halts, and waking it takes tens of
 * microseconds in a virtual machine: more than any lock does.  Between these
 * calls each processor has a process of the lowest class (SCHED_IDLE), which
 * any other displaces at once.
 */
#ifndef PORTLOCK_BENCH_AWAKE_H
#define PORTLOCK_BENCH_AWAKE_H

void awake_begin(void);
void awake_end(void);

#endif
