/* SPDX-License-Identifier: MIT */
/* mutex.h - a key per test, and victims whose private mutexes have it. */
#ifndef PORTLOCK_TESTS_SUPPORT_MUTEX_H
#define PORTLOCK_TESTS_SUPPORT_MUTEX_H

#include "support.h"
#include "victim.h"
#include "victim_mutex.h"

#define BARE NULL
#define MOMENT 20000000 /* ns in which what must not happen could */

struct mutex_key {
	char text[64];
	char rules[256]; /* for all mutexes of victim_mutex */
};

/* For cmocka: *state is a struct mutex_key.  The teardown ends all victims and
 * fails if the portlock is still there. */
int mutex_setup(void **state);
int mutex_teardown(void **state);
#define with_mutex(test)                                                       \
	cmocka_unit_test_setup_teardown(test, mutex_setup, mutex_teardown)

/* A rule for the key, until the next call; options: more of them, or "". */
const char *mutex_rule(const struct mutex_key *key, const char *pattern,
		       const char *options);

/* A victim, which of its mutexes it is to use, and its rules. */
struct child *mutex_victim(const char *which, const char *rules);
/* One that has it. */
struct child *mutex_holder(const char *which, const char *rules);

/* A lock begun, which waits for the portlock. */
void mutex_wait(const struct mutex_key *key, struct child *victim);

/* All locks of the victim fail as they should. */
void assert_mutex_is_anothers(struct child *victim);

#endif
