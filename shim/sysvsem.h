/* SPDX-License-Identifier: MIT */
/* sysvsem.h - what the files of the family "sysvsem" share.
 *
 * A System V semaphore that is used as a mutex is taken with SEM_UNDO added, so
 * that the kernel itself gives it back when the holder dies, and inside of a
 * portlock, which gives order and limits.
 */
#ifndef PORTLOCK_SHIM_SYSVSEM_H
#define PORTLOCK_SHIM_SYSVSEM_H

#include <sys/ipc.h>
#include <sys/sem.h>

#include "shim/hold.h"

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *__buf;
};

/* ---- sysvsem_table.c: the semaphores that rules match -------------------- */

/* How a semaphore is used, as far as this process has seen. */
enum sysvsem_use {
	SYSVSEM_UNKNOWN,
	SYSVSEM_DOWN,  /* taken by -1, free at 1 */
	SYSVSEM_UP,    /* taken by waiting for 0 and +1, free at 0 */
	SYSVSEM_OTHER, /* it counts, or tells of events: passes through */
};

struct sysvsem {
	_Atomic uint64_t name; /* set and number, 0: none */
	const struct shim_rule *rule;
	_Atomic(struct shim_hold *) hold; /* pinned; NULL: not yet */
	atomic_int use;
	/* 0: not taken by this process; else pl_thread() of who took it, and
	 * what follows is its. */
	_Atomic uint64_t owner;
	atomic_bool undo; /* SEM_UNDO is ours, not the program's */
	atomic_bool held; /* the hold is, too */
	char text[48];	  /* the name for rules */
};

/* One that a rule matches, or NULL: pass through. */
struct sysvsem *sysvsem_get(int set, unsigned number);
/* The same if it was asked for before.  Async-signal-safe. */
struct sysvsem *sysvsem_find(int set, unsigned number);
/* No rule matches it, as was found before.  Async-signal-safe. */
bool sysvsem_is_unmatched(int set, unsigned number);
/* The next known one of that set, the first one for NULL. */
struct sysvsem *sysvsem_next(int set, struct sysvsem *semaphore);
/* The set is no more. */
void sysvsem_forget(int set);

/* ---- sysvsem_take.c ------------------------------------------------------ */

/* A semop() or, with a timeout, semtimedop(). */
struct sysvsem_call {
	int set;
	struct sembuf *operations;
	size_t count;
	const struct timespec *timeout;
	int64_t deadline; /* the timeout's, and the rule's while we take */
};

/* Takes the semaphore of the first operation, if it is a mutex. */
int sysvsem_take(struct sysvsem_call *call, enum sysvsem_use use);

/* ---- sysvsem.c ----------------------------------------------------------- */

/* In place of semop() and, with a timeout, semtimedop(). */
int sysvsem_operate(int set, struct sembuf *operations, size_t count,
		    const struct timespec *timeout);

/* After a semctl() that has set the values of the set, or just that one's. */
void sysvsem_was_set(int set, int number, const union semun *argument,
		     bool all);
/* After it has removed the set. */
void sysvsem_was_removed(int set);

/* Whether semctl() has a fourth argument; and what must follow it, which
 * returns its result. */
bool sysvsem_has_argument(int command);
int sysvsem_controlled(int set, int number, int command,
		       const union semun *argument, int result);

/* The call as it is. */
int sysvsem_real(const struct sysvsem_call *call);
/* -1 if it cannot be seen. */
int sysvsem_value(int set, unsigned number);
/* The semaphore is no mutex. */
void sysvsem_pass(struct sysvsem *semaphore);
/* What of it that owner had is given back; unless there is a new one. */
void sysvsem_let_go(struct sysvsem *semaphore, uint64_t owner, bool held);

#endif
