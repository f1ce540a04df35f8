/* SPDX-License-Identifier: MIT */
/* lost.h - what becomes of this process when it loses a lock to the cluster. */
#ifndef PORTLOCK_SHIM_LOST_H
#define PORTLOCK_SHIM_LOST_H

#include "shim/shim.h"

/* Of one lock; zeroed: it is not watched. */
struct lost_watch {
	atomic_uint slot;
	atomic_bool outlives;
};

/* At the program's start, if there are such rules: what its standard error is. */
void lost_look_ahead(void);

/* Before it is asked for.  False: a loss of it could not end this process, so
 * the rule gives it no lock, which is logged.  Async-signal-safe. */
bool lost_can_watch(const struct shim_rule *rule);

/*
 * The lock is held since just now: portlock-guard does what the rule says when
 * it is lost.  False: it cannot, which is logged.  Nothing to do but for
 * transport etcd.  Async-signal-safe.
 */
bool lost_watch_begin(struct lost_watch *watch, struct portlock_lock *lock,
		      const struct shim_rule *rule);

/* Before it is released or given away.  Async-signal-safe; cannot fail. */
void lost_watch_end(struct lost_watch *watch);

/*
 * It is held for a lock of that open file (flock), which others may go on with
 * when this process has ended: the guard keeps it for them then.  The hold does
 * not end meanwhile.  Async-signal-safe.
 */
void lost_outlive(struct lost_watch *watch, const struct portlock_lock *lock,
		  const struct shim_rule *rule, int fd);
bool lost_outlives(struct lost_watch *watch);

#endif
