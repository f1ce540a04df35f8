/* SPDX-License-Identifier: MIT */
/* sim.h - a lock and its enemies in one thread.
 *
 * The core's calls are the kernel's, but time is a number: it passes when the
 * core sleeps, and then others get a chance to do something.
 */
#ifndef PORTLOCK_TESTS_FUZZ_SIM_H
#define PORTLOCK_TESTS_FUZZ_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/internal.h"

/*
 * Takes the core's table over.  When the core would sleep, act() does one thing
 * of somebody else's; false: there is nothing more to do.  before(), if not
 * NULL, is told of calls in which others get their chance to interfere.
 */
void sim_start(bool (*act)(void), void (*before)(void));
void sim_end(void);

/* Lets time pass, ns. */
void sim_pass(int64_t ns);

/* Whom the core takes its own process for; all sockets are another user's. */
void sim_user(uid_t uid);

/*
 * Whose the connections are that the core accepts, by their numbers from 0, and
 * who is told that it is about to close one that it has not granted anything.
 */
void sim_peers(uid_t (*peer)(int number), void (*closing)(int number));

/* A kernel before 6.16: descriptors cannot be refused. */
void sim_old_kernel(void);

/* What the core reads of files: /proc/PID/stat. */
void sim_file(const char *text, size_t size);

#endif
