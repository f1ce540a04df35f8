/* SPDX-License-Identifier: MIT */
/* worker.h - the processes that contend, and what they share. */
#ifndef PORTLOCK_BENCH_WORKER_H
#define PORTLOCK_BENCH_WORKER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* CLOCK_MONOTONIC, in nanoseconds. */
int64_t now_ns(void);

/* Works, not sleeps, until that time. */
void spin_until(int64_t end);

void sleep_ns(int64_t time);

/* Zeroed memory that workers share with us.  Exits if there is none. */
void *shared_new(size_t size);
void shared_free(void *memory, size_t size);

/*
 * A process that runs body(argument) and exits with 0.  It dies with us, has
 * the default signal actions, and is killed when the run ends.
 */
pid_t worker_start(void (*body)(void *argument), void *argument);

/* Kills it, if it is still there, and waits for its end. */
void worker_kill(pid_t pid);

/*
 * Waits until it has ended: fails the run if it did not exit with 0, or not
 * within a minute.
 */
void worker_end(pid_t pid);

/* The same, of one that has so much (ns) to do yet. */
void worker_end_after(pid_t pid, int64_t time);

/* All that are left. */
void workers_kill(void);

/*
 * Sleeps until then, or less if the run is interrupted: then, and when a worker
 * has failed, the run ends here.
 */
void rest_until(int64_t end);

/* A flag in shared memory for which processes sleep. */
struct flag {
	_Atomic uint32_t value;
};

void flag_raise(struct flag *flag);
void flag_wait(struct flag *flag); /* does not return before it was raised */

/* ---- mutual exclusion ---------------------------------------------------- */

/*
 * In shared memory, entered by whoever holds the lock.  Numbers are 1 and up,
 * one for each process.
 */
struct guard {
	_Atomic int inside;
	_Atomic int doomed; /* who is being killed, and may leave it entered */
	_Atomic unsigned violations;
};

void guard_enter(struct guard *guard, int number);
void guard_leave(struct guard *guard, int number);

#endif
