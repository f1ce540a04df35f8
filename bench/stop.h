/* SPDX-License-Identifier: MIT */
/* stop.h - an end before the end: nothing of the run stays behind. */
#ifndef PORTLOCK_BENCH_STOP_H
#define PORTLOCK_BENCH_STOP_H

#include <stdbool.h>

/*
 * From here on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGPIPE are noticed, and
 * however the run ends, but by SIGKILL: its workers are killed, then clean() is
 * called.  Called again, it adds another clean().
 */
void stop_watch(void (*clean)(void));

/* In a worker: none of that is its business. */
void stop_forget(void);

/* If a signal has come: ends the run by it. */
void stop_check(void);

/* exit(), or in a worker _exit(). */
_Noreturn void stop_exit(int status);

#endif
