/* SPDX-License-Identifier: MIT */
/* hold.h - a key per test, for what the shim itself holds under it. */
#ifndef PORTLOCK_TESTS_SUPPORT_HOLD_H
#define PORTLOCK_TESTS_SUPPORT_HOLD_H

#include "shim/hold.h"
#include "support.h"

/* Of the running test: its key, and a rule that gives it to all names. */
extern struct key *hold_key;
extern struct shim_rule hold_rule;

/* For cmocka; the teardown fails if the key is still held. */
int hold_setup(void **state);
int hold_teardown(void **state);

/* The hold for that name, which there must be. */
struct shim_hold *hold_of(const char *name);

#endif
