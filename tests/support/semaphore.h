/* SPDX-License-Identifier: MIT */
/* semaphore.h - a named semaphore per test, and victims that use it. */
#ifndef PORTLOCK_TESTS_SUPPORT_SEMAPHORE_H
#define PORTLOCK_TESTS_SUPPORT_SEMAPHORE_H

#include "support.h"
#include "victim.h"
#include "victim_sem.h"

#define BARE NULL
#define RULES "sem /portlock-test-*"
#define MOMENT 20000000 /* ns in which what must not happen could */

struct semaphore_names {
	char name[64];	/* of the semaphore */
	char key[72];	/* of its portlock */
	char other[72]; /* a second semaphore */
};

/* For cmocka: *state is a struct semaphore_names.  The teardown ends all
 * victims and fails if the portlock is still there. */
int semaphore_setup(void **state);
int semaphore_teardown(void **state);

/* A victim that has the semaphore open, with the value 1 if it is new. */
struct child *start(const char *name, const char *rules);

/* One that has it. */
struct child *start_holder(const char *name, const char *rules);

/* A wait begun, whose result must not come by itself. */
void begin_wait(struct child *victim);

/* All waits of the victim fail as they should. */
void assert_held_by_another(struct child *victim);

#endif
