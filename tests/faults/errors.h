/* SPDX-License-Identifier: MIT */
/* errors.h - how each call of the core can fail, by its manual page. */
#ifndef PORTLOCK_TESTS_FAULTS_ERRORS_H
#define PORTLOCK_TESTS_FAULTS_ERRORS_H

#include "support/faults.h"

struct call_errors {
	enum call call;
	const char *name;
	const int *errors; /* the last is 0 */
	unsigned forms;	   /* bits: 1u << one of enum form */
};

extern const struct call_errors call_errors[];
extern const size_t call_errors_count;

#endif
