/* SPDX-License-Identifier: MIT */
/* sysvsem.h - a set of System V semaphores per test, and victims that use it. */
#ifndef PORTLOCK_TESTS_SUPPORT_SYSVSEM_H
#define PORTLOCK_TESTS_SUPPORT_SYSVSEM_H

#include "support.h"
#include "victim.h"
#include "victim_sysvsem.h"

#define BARE NULL
#define RULES "sysvsem *"
#define MOMENT 20000000 /* ns in which what must not happen could */

struct sysvsem_names {
	char set[32];	/* its key, as victims are told it */
	char lock[64];	/* the portlock's key */
	char other[32]; /* a second set's */
};

/* For cmocka: *state is a struct sysvsem_names.  The teardown ends all victims
 * and fails if the portlock is still there. */
int sysvsem_setup(void **state);
int sysvsem_teardown(void **state);
#define with_set(test)                                                         \
	cmocka_unit_test_setup_teardown(test, sysvsem_setup, sysvsem_teardown)

/* Lets it open the set, or make it: as soon as the system, which has only so
 * many for all, has room for one more. */
void sysvsem_create(struct child *victim);

/* A victim that has the set open. */
struct child *sysvsem_start(const char *set, const char *rules);

/* One that has the semaphore, which was free. */
struct child *sysvsem_holder(const char *set, const char *rules);

/* A take begun, which must not succeed by itself. */
void begin_take(struct child *victim);
/* One that waits in the kernel when it returns. */
void begin_real_take(struct child *victim, const char *set);

#endif
