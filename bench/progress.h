/* SPDX-License-Identifier: MIT */
/* progress.h - what is being measured, for whoever waits at a terminal. */
#ifndef PORTLOCK_BENCH_PROGRESS_H
#define PORTLOCK_BENCH_PROGRESS_H

#include "bench/scenario.h"

/* On stderr: one line that changes if it is a terminal, else a line for each
 * round; nothing if the options say so. */
void progress_begin(const struct options *options);
void progress_round(int round); /* from 0 */
void progress_at(const struct measurement *measurement);
void progress_end(void); /* also before anything else is said */

#endif
