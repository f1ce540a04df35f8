/* SPDX-License-Identifier: MIT */
/* guard.h - for rules with transport=etcd: a cluster of the test, and guards
 * (portlock-guard) under a name of its own.
 */
#ifndef PORTLOCK_TESTS_SUPPORT_GUARD_H
#define PORTLOCK_TESTS_SUPPORT_GUARD_H

#include "cluster.h"
#include "support.h"

/* Starts the cluster; victims that are started from now on use it, and guards
 * of another name than those of all other tests.  The end ends them all. */
struct cluster *guard_begin(void);
void guard_end(void);

/* How many guards there are; how many are sent a signal (0: none is), once there
 * is one; returns when there are none. */
int guard_count(void);
int guard_signal(int number);
void guard_await_none(void);

/* A copy of the mark that the only one has; -1: it has none yet, or, with errno
 * ENOSYS or EPERM, the system does not let us. */
int guard_mark(void);

/* Whether the process (a pid_t) has ended; the exit status, -signal if killed,
 * of a victim that is ended by others, not by the end of its input. */
bool guarded_has_ended(void *pid);
int guarded_end(struct child *victim);

/* False, with the reason said, where is_slow(): within a rule's timeout of 0.1 s
 * no helper is started there, and the guard has half a margin. */
bool guard_is_in_time(void);

#endif
