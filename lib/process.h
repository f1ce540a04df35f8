/* SPDX-License-Identifier: MIT */
/* process.h - this process: its forks, its handles and attempts. */
#ifndef PORTLOCK_PROCESS_H
#define PORTLOCK_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <portlock/portlock.h>

#include "lib/attempt.h"

/* ---- fork.c: windows in which fork() waits ------------------------------ */

/*
 * Between a system call that makes a descriptor and its entry where the child
 * of a fork finds it, and between an entry's removal and the close, fork must
 * not happen.  Such code runs in a window: fork's prepare handler waits until
 * no window is open and keeps new ones from opening.  Windows nest, never
 * block on anything but a fork, and are async-signal-safe.
 */
void pl_window_open(void);
void pl_window_close(void);

/* Called by registry.c around fork(). */
void pl_windows_stop(void);
void pl_windows_resume(void);

/* In a child that ran no fork handlers: only its own thread is there. */
void pl_windows_reset(void);

/* A number for the calling thread that no other thread ever has; not 0. */
uint64_t pl_thread(void);

/* ---- process.c: whose memory this is ------------------------------------- */

/* Once, before the first handle is listed.  errno stays as it is. */
void pl_process_begin(void);

/* What the memory tells is about this process from now on. */
void pl_process_claim(void);

/* Whether this process, not a parent, claimed it; true before that. */
bool pl_process_is_ours(void);

/* ---- registry.c: the handles and attempts of this process ---------------- */

/* Refreshes everything if this is a forked child that ran no fork handlers. */
void pl_process_check(void);

/* Changes with every fork, in the child. */
unsigned pl_epoch(void);

/* Lists the handle; 0 or -ENOMEM (no fork handlers). */
int pl_registry_add(struct portlock_lock *lock);
void pl_registry_remove(struct portlock_lock *lock);

/*
 * Lists an attempt, or -EDEADLK when the calling thread holds the key of the
 * address through any handle.
 */
int pl_registry_begin(struct pl_attempt *attempt,
		      const struct pl_address *address);
void pl_registry_end(struct pl_attempt *attempt);

/*
 * Moves a descriptor of the core to another number, so that the caller can
 * have that number: true if fd was one of the core's.  For the shim's dup2.
 */
bool pl_registry_move(int fd);

/* The same, if the place has that one: who uses it, does so in a window. */
bool pl_registry_move_one(atomic_int *place, int fd);

#endif
