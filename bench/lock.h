/* SPDX-License-Identifier: MIT */
/* lock.h - what the benchmark knows of a lock: four functions.
 *
 * To add a lock, write a file in locks/ with a BENCH_LOCK() and name it in
 * local.mk.
 */
#ifndef PORTLOCK_BENCH_LOCK_H
#define PORTLOCK_BENCH_LOCK_H

#include <stdbool.h>
#include <stddef.h>

struct bench_lock {
	const char *name; /* in --locks and in the tables */
	const char *what; /* a line for --list */
	bool orphans;	  /* stays taken when its holder is killed */

	/*
	 * The lock of that name, which is short and fit for a file's name;
	 * made if it is not there yet.  Every process opens its own.  NULL,
	 * with errno.
	 */
	void *(*open)(const char *name);
	/* Waits as long as it takes.  0, or an errno: the run fails. */
	int (*acquire)(void *lock);
	int (*release)(void *lock);
	/* Frees it; with remove, takes away what open() made on the machine. */
	void (*close)(void *lock, bool remove);

	/*
	 * The system calls that a free lock of this kind needs for being taken
	 * and let go, and nothing else; NULL if the lock is just that.
	 */
	void (*floor)(void *lock);

	struct bench_lock *next;
};

/* Puts a lock on the list, before main(). */
void bench_lock_add(struct bench_lock *lock);

/* The list, in the order of local.mk. */
extern struct bench_lock *bench_locks;

struct bench_lock *bench_lock_find(const char *name);

/* static struct bench_lock ID, listed; its members follow in braces. */
#define BENCH_LOCK(id)                                                         \
	static struct bench_lock id;                                           \
	__attribute__((constructor)) static void add_##id(void)                \
	{                                                                      \
		bench_lock_add(&id);                                           \
	}                                                                      \
	static struct bench_lock id

/* The folder in which locks that are files have them; the run removes it. */
extern const char *bench_folder;

#endif
