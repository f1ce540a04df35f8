/* SPDX-License-Identifier: MIT */
/* fail.h - errors of the benchmark, and its end. */
#ifndef PORTLOCK_BENCH_FAIL_H
#define PORTLOCK_BENCH_FAIL_H

/* Exit statuses, beside 0 and 128 + a signal's number. */
enum {
	EXIT_FAILED = 1,    /* something could not be measured */
	EXIT_VIOLATION = 3, /* two had a lock at the same time */
	EXIT_USAGE = 64,
};

/* "portlock-bench: ..." on stderr; takes the run's things away (see stop.h) and
 * exits with EXIT_FAILED.  In a worker: ends the worker only, which fails the
 * run. */
_Noreturn void fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* The same, with EXIT_USAGE. */
_Noreturn void fail_usage(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Just says it. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
