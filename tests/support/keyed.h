/* SPDX-License-Identifier: MIT */
/* keyed.h - a folder with a lock file whose rule has a key=. */
#ifndef PORTLOCK_TESTS_SUPPORT_KEYED_H
#define PORTLOCK_TESTS_SUPPORT_KEYED_H

#include "lockfile.h"

struct keyed {
	struct lockfile *file;
	/* For x.lock and x.lock.second, opens of data and flock() of a: all
	 * with the key file->key. */
	char rules[2048], unguarded[2048];
	char timed[2048], tries[2048]; /* timeout=0.05 and 0 */
};

/* For cmocka: *state is a struct keyed. */
int keyed_setup(void **state);
int keyed_teardown(void **state);
#define with_keyed(test)                                                       \
	cmocka_unit_test_setup_teardown(test, keyed_setup, keyed_teardown)

/* Somebody who may ask whether the key is free. */
struct child *keyed_contender(const struct keyed *keyed);
bool keyed_is_free(struct child *contender);

/* Tells the victim, and returns when it waits for the key as the number-th. */
void keyed_queue(const struct keyed *keyed, struct child *victim, int command,
		 int number);

#endif
