/* SPDX-License-Identifier: MIT */
/* victim.h - starts plain programs, bare or under the shim. */
#ifndef PORTLOCK_TESTS_SUPPORT_VICTIM_H
#define PORTLOCK_TESTS_SUPPORT_VICTIM_H

#include "support.h"

/* The program in this test's folder, with one argument; rules: of the shim,
 * NULL: without it.  It talks as every child does, on descriptors 0 and 1. */
struct child *victim_start(const char *program, const char *argument,
			   const char *rules);

/* Tells it a command, and returns the result. */
int victim_do(struct child *victim, int command);

/* A group setup: without PORTLOCK_SHIM, the .so's path, all is skipped. */
int victim_group_setup(void **state);

/* Memory that victims started from now on have as descriptor 3. */
long *victim_share(void);
void victim_unshare(void);

/* What the shim has logged in victims started after the setup: whether a line
 * has that text.  The log begins empty with each victim_log_setup(). */
void victim_log_setup(void);
bool victim_log_has(const char *text);
void victim_log_teardown(void);

#endif
