/* SPDX-License-Identifier: MIT */
/* opened.h - a file per test to open under a rule, and victims for it. */
#ifndef PORTLOCK_TESTS_SUPPORT_OPENED_H
#define PORTLOCK_TESTS_SUPPORT_OPENED_H

#include "lockfile.h"
#include "victim_open.h"

#define RULE_OPEN "open */portlock-test-*/x"

/* For cmocka, with lockfile_teardown(): *state is a struct lockfile; the file
 * is what it protects, says 1, and has the key. */
int opened_setup(void **state);

struct child *opened_start(const struct lockfile *file, const char *rules);
/* One that has the file open. */
struct child *opened_holder(const struct lockfile *file);
/* Tells the victim to open the file, and returns when it waits. */
void opened_wait(const struct lockfile *file, struct child *victim,
		 int command);

int opened_value(const struct lockfile *file);

#endif
