/* SPDX-License-Identifier: MIT */
/* kept.h - what a guard keeps for those who share a lock of flock(2). */
#ifndef PORTLOCK_SHIM_KEPT_H
#define PORTLOCK_SHIM_KEPT_H

#include "shim/shim.h"

/* All are async-signal-safe. */

/* A socket that tells, as long as anybody has it, that the key is held for that
 * file's lock, by this process or one that went on; or -errno. */
int kept_mark(const struct pl_address *address, int file);

/* Whether the key is kept for the lock of an open file that this process has, or
 * one above it: who goes on with that is inside.  Others: what this process
 * has locked itself does not count, whoever shares it. */
bool kept_is_inside(const struct pl_address *address, bool others);

/* Before this process makes the lock of that file, which it shares, another kind
 * of lock: it is the locker to the kernel then, and the guard has to know. */
void kept_tell_locker(const struct pl_address *address, int file);

#endif
