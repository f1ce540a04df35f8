/* SPDX-License-Identifier: MIT */
/* portlock.h - portlock's own locks, by their public functions. */
#ifndef PORTLOCK_BENCH_LOCKS_PORTLOCK_H
#define PORTLOCK_BENCH_LOCKS_PORTLOCK_H

#include <stdbool.h>

void *lock_portlock_open(const char *name, const char *transport);
int lock_portlock_acquire(void *lock);
int lock_portlock_release(void *lock);
void lock_portlock_close(void *lock, bool remove);

/* The system calls of a free lock: of the gate, and of the gate and the two
 * ports. */
void lock_portlock_floor_unix(void *lock);
void lock_portlock_floor_tcp(void *lock);

#endif
