/* SPDX-License-Identifier: MIT */
/* play.h - scenes, each played once for every fault that it can meet. */
#ifndef PORTLOCK_TESTS_FAULTS_PLAY_H
#define PORTLOCK_TESTS_FAULTS_PLAY_H

#include "cast.h"

struct scene {
	const char *name;
	const char *transport;
	/* Makes the actor meet the fault; in the end no peer holds. */
	void (*play)(struct cast *cast);
	int places; /* the most of a call, where it repeats them; 0: all */
};

/* Longer than any wait that ends. */
#define PATIENT_MS 30000

/* From now on the actor's calls fail as planned. */
void arm(struct cast *cast);

/*
 * The actor's acquire under the fault: in two steps, or in one.  Its result is
 * one that portlock.h has for this order and this fault.
 */
int acquired(struct cast *cast, enum order order, int64_t timeout_ms);
int acquire_now(struct cast *cast, enum order order, int64_t timeout_ms);

/* A scene with the fault that is cast->plan: the verdict, NULL if all is well.
 * Other processes are there afterwards as before. */
const char *play(struct cast *cast, const struct scene *scene);

/* All scenes with all faults: how many went wrong.  Each is printed by name,
 * and PORTLOCK_TEST_CASE plays only those whose name has it in it. */
int play_all(const struct scene *scenes, size_t count);

#endif
