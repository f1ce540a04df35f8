/* SPDX-License-Identifier: MIT */
/* mutex.h - the family mutex: private mutexes that become cross-process. */
#ifndef PORTLOCK_SHIM_MUTEX_H
#define PORTLOCK_SHIM_MUTEX_H

#include <limits.h>
#include <pthread.h>
#include <time.h>

#include "shim/hold.h"

/* One that a rule matches. */
struct mutex {
	_Atomic(pthread_mutex_t *) real;
	const struct shim_rule *rule;
	struct shim_hold *hold;
	/* Changed by who has the real mutex: how often that is with the hold,
	 * and by which thread. */
	atomic_uint taken;
	_Atomic uint64_t owner;
};

/* ---- mutex_name.c: what it is called ------------------------------------- */

#define MUTEX_NAME_MAX (PATH_MAX + 256)

struct mutex_names {
	char symbol[MUTEX_NAME_MAX]; /* FILE:SYMBOL[+0xOFFSET], or empty */
	char offset[MUTEX_NAME_MAX]; /* FILE+0xOFFSET */
	char scratch[2 * PATH_MAX];
};

/* The memory of a loaded program or library. */
struct mutex_module {
	uintptr_t start, end;
	uintptr_t base; /* what was added to the file's addresses */
};

/* False: on a heap or a stack.  Takes no lock where libc has a way without. */
bool mutex_module_of(const void *address, struct mutex_module *module);

bool mutex_names_of(const void *address, const struct mutex_module *module,
		    struct mutex_names *names);

/* ---- mutex_table.c: which there are -------------------------------------- */

/* NULL: no rule matches; that costs a few ns for all but a mutex's first lock. */
struct mutex *mutex_judge(pthread_mutex_t *real);

/* The same for one that was judged before. */
struct mutex *mutex_find(const pthread_mutex_t *real);

/* The next of all, the first for NULL; NULL after the last one. */
struct mutex *mutex_next(struct mutex *mutex);

/* After a library was unloaded: others may come to lie where it was. */
void mutex_forget_unloaded(void);

/* ---- mutex.c: what their calls do ---------------------------------------- */

#define MUTEX_CLOCK_OF_CONDITION ((clockid_t)-1)

/* How the program asked to wait. */
struct mutex_wait {
	bool never;
	clockid_t clock;	      /* of until */
	const struct timespec *until; /* NULL: no limit */
};

/* What the calls return that they stand for. */
int mutex_lock(struct mutex *mutex, const struct mutex_wait *wait);
int mutex_unlock(struct mutex *mutex);
int mutex_sleep(struct mutex *mutex, pthread_cond_t *condition,
		const struct mutex_wait *wait);

#endif
