/* SPDX-License-Identifier: MIT */
/* filelock.h - a folder per test with files to lock, and victims for it. */
#ifndef PORTLOCK_TESTS_SUPPORT_FILELOCK_H
#define PORTLOCK_TESTS_SUPPORT_FILELOCK_H

#include "support.h"
#include "victim.h"
#include "victim_filelock.h"

#define BARE NULL
#define MOMENT 20000000 /* ns in which what must not happen could */

struct filelock_names {
	char folder[512];
	char key[64];
	/* Rules: of both families, for all files there, with one key. */
	char rules[2048];
	char timed[2048];     /* ... with a timeout= of 0.1 s */
	char exclusive[2048]; /* ... with shared=exclusive */
};

/* The ways of fcntl() and lockf(), until one that is all zeros. */
struct filelock_way {
	int try, wait, unlock;
};
extern const struct filelock_way filelock_ways[];

/* For cmocka: *state is a struct filelock_names.  The teardown ends all victims
 * and fails if the portlock is still there. */
int filelock_setup(void **state);
int filelock_teardown(void **state);

struct child *filelock_start(struct filelock_names *names, const char *rules);
/* One for the file b: only the portlock keeps it out. */
struct child *filelock_start_b(struct filelock_names *names, const char *rules);
/* One that has flock()ed the file a. */
struct child *filelock_holder(struct filelock_names *names, const char *rules);

/* A command begun, whose result must not come by itself. */
void filelock_begin(struct child *victim, int command);

/* The same, that waits in the kernel for an fcntl() lock when it returns. */
void filelock_block(struct child *victim, int command);

/* The same, that waits for the portlock as number so many. */
void filelock_queue(struct filelock_names *names, struct child *victim,
		    int command, int number);

/* SIGUSR1, until a wait that was begun has ended. */
void filelock_interrupt(struct child *victim);

#endif
