/* SPDX-License-Identifier: MIT */
/* attack.h - processes of another user that do what they can against a key. */
#ifndef PORTLOCK_TESTS_ATTACK_H
#define PORTLOCK_TESTS_ATTACK_H

#include <stdbool.h>
#include <stddef.h>

#include "support.h"

struct attack {
	const char *name;
	const char *what; /* one line for a table */
	/* One round of it; false: nothing to do now, rest a little. */
	bool (*round)(const struct key *key);
};

extern const struct attack attacks[];
extern const size_t attacks_count;

/* By its name, which must be there. */
const struct attack *attack_find(const char *name);

/*
 * Starts a process of user nobody that does rounds of the attack until it is
 * killed; returns after the first one.  Root only.
 */
struct child *attack_start(const struct attack *attack, const struct key *key);

/* A connection to the key's gate that does not wait; -1: none. */
int attack_connect(const char *key);

/*
 * Sends through the connection a socket that nobody can close in a short time,
 * as it has data that its peer, which this process keeps, does not take: 0, or
 * -errno (-EPERM: the other side refuses descriptors).  Flags: 0, or MSG_OOB.
 */
int attack_send_lingering(int connection, int flags);

/* From now on this process and its children behave as on a kernel that does not
 * know how to refuse descriptors. */
void pretend_old_kernel(bool old);

/* Whether this kernel knows it. */
bool kernel_can_refuse(void);

#endif
