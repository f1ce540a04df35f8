/* SPDX-License-Identifier: MIT */
/* semaphore.h - the family sem: named semaphores that are used as mutexes. */
#ifndef PORTLOCK_SHIM_SEMAPHORE_H
#define PORTLOCK_SHIM_SEMAPHORE_H

#include <limits.h>
#include <semaphore.h>
#include <time.h>

#include "shim/lost.h"

/* One that sem_open() returned to the program and that a rule matches. */
struct semaphore {
	sem_t *sem;
	const struct shim_rule *rule;
	struct portlock_lock lock;
	struct lost_watch watch;
	char name[NAME_MAX + 2];
	_Atomic uint32_t holder; /* semaphore_holder() of the last one here */
	/* By the tables' mutex: */
	bool used;
	bool kept;	/* we hold on to an open that the program closed */
	unsigned opens; /* of the program */
};

/* ---- semaphore_table.c: which there are ---------------------------------- */

/* NULL for all others, after one or two comparisons. */
struct semaphore *semaphore_find(const sem_t *sem);

/* After a sem_open(), with the initial value that it gave, or -1.  False: it
 * must not be used without us. */
bool semaphore_opened(sem_t *sem, const char *name, int initial);

/* What sem_close() is to do: 0, or -1 with errno. */
int semaphore_close(struct semaphore *semaphore);

/* ---- semaphore_mark.c: what is written on them --------------------------- */

/* Notes in a semaphore that it is a mutex, if it is one; see the .c file. */
bool semaphore_judge(sem_t *sem, int initial);
bool semaphore_is_mutex(sem_t *sem);

/*
 * Who has a semaphore, as a number: 0 nobody under the shim; the same for all
 * whom one portlock excludes from each other.  The caller has the portlock.
 */
uint32_t semaphore_holder(const struct semaphore *semaphore);
/* Only for a mutex.  Async-signal-safe. */
void semaphore_set_taken(sem_t *sem, uint32_t holder);
/* By anybody under the shim; by that holder, as far as one can know. */
bool semaphore_is_taken(sem_t *sem);
bool semaphore_is_taken_by(sem_t *sem, uint32_t holder);

/* ---- semaphore.c: what their calls do ------------------------------------ */

/* The wait that the program asked for. */
struct semaphore_wait {
	bool never;		      /* sem_trywait() */
	clockid_t clock;	      /* of until */
	const struct timespec *until; /* NULL: no limit */
};

/* 0, or -1 with errno, as the calls that they stand for. */
int semaphore_acquire(struct semaphore *semaphore,
		      const struct semaphore_wait *wait);
int semaphore_post(struct semaphore *semaphore);
int semaphore_getvalue(struct semaphore *semaphore, int *value);

#endif
