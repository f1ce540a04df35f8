/* SPDX-License-Identifier: MIT */
/* lockfile.h - a folder with a lock file, and victims that use it. */
#ifndef PORTLOCK_TESTS_SUPPORT_LOCKFILE_H
#define PORTLOCK_TESTS_SUPPORT_LOCKFILE_H

#include <limits.h>

#include "victim_lockfile.h"
#include "support.h"
#include "victim.h"

#define BARE NULL
#define NO_RULE "lockfile /portlock-test-nothing/*.lock"
/* A wait that should not be ends in the failure of the test, not in EEXIST. */
#define RULES "lockfile */portlock-test-*/x.lock timeout=100000"
#define RULES_SHORT "lockfile */portlock-test-*/x.lock timeout=0.05"
#define RULES_TRY "lockfile */portlock-test-*/x.lock timeout=0"

#define MOMENT 50000000 /* ns in which what must not happen could */

struct lockfile {
	char folder[PATH_MAX - 64];
	char alias[PATH_MAX]; /* a symbolic link to the folder */
	char name[PATH_MAX];  /* FOLDER/x.lock */
	char protects[PATH_MAX];
	char key[PATH_MAX + 16]; /* of the turnstile */
};

/* For cmocka: *state is a struct lockfile.  All victims end before the
 * teardown asserts that no file and no turnstile is left over. */
int lockfile_setup(void **state);
int lockfile_teardown(void **state);
#define with_lockfile(test)                                                    \
	cmocka_unit_test_setup_teardown(test, lockfile_setup, lockfile_teardown)

struct child *lockfile_victim(const struct lockfile *file, const char *rules);

/* A victim that has made the lock file with the command. */
struct child *lockfile_maker(const struct lockfile *file, const char *rules,
			     int command);

/* Tells the victim to make the file, and returns when it waits for its turn;
 * lockfile_wait_behind(): as the number-th waiter. */
void lockfile_wait(const struct lockfile *file, struct child *victim,
		   int command);
void lockfile_wait_behind(const struct lockfile *file, struct child *victim,
			  int number);

/* Whether a lock file is there; whether it, or another file, has a mark. */
bool lockfile_exists(const struct lockfile *file);
bool is_marked(const char *path);

/* A file made by the test itself, which is not under the shim. */
void write_file(const char *path, const char *text);

#endif
