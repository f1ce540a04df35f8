/* SPDX-License-Identifier: MIT */
/* checked.h - what fails is not worth being timed. */
#ifndef PORTLOCK_BENCH_CALLS_CHECKED_H
#define PORTLOCK_BENCH_CALLS_CHECKED_H

#include <errno.h>
#include <string.h>

#include "bench/fail.h"

/* The result; ends the process, by errno, if that is negative. */
static inline int checked(int result, const char *what)
{
	if (result < 0)
		fail("%s: %s", what, strerror(errno));
	return result;
}

#endif
