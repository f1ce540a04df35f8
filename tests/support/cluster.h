/* SPDX-License-Identifier: MIT */
/* cluster.h - a cluster for transport etcd without etcd: a process of the test,
 * to which tests/fake_session connects.
 *
 * By itself it is one that works: it grants each lock first come, first served,
 * refuses who only tries a lock that somebody has, and keeps that of a helper
 * that was killed until its time is over.  What else it does, the test says.
 */
#ifndef PORTLOCK_TESTS_CLUSTER_H
#define PORTLOCK_TESTS_CLUSTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/fake_session.h"

/* What it tells and is told, in memory that all processes of the test share. */
struct cluster {
	char name[64];
	struct child *process;
	/* How many there have been so far: helpers, those that have ended, and
	 * what they were asked for. */
	atomic_int started, ended, acquires, tries, releases, grants;
	_Atomic pid_t helper;	    /* the latest that was started */
	_Atomic pid_t asker;	    /* the latest that asked for a lock */
	_Atomic pid_t holder;	    /* the latest that was granted one */
	_Atomic uint64_t revision;  /* of the latest grant */
	_Atomic int64_t granted_ms; /* how long a grant is good for: 60000 */
	struct fake_order order;
};

/*
 * Starts it, and names it and fake_session in the environment, so that handles
 * with transport etcd, here and in children that are started later, use it.  It
 * ends with children_kill(), and what is left of its helpers with it.
 */
struct cluster *cluster_start(void);

/* Another host takes all locks, or lets them go; false at the start.  Who has
 * one already keeps it. */
void cluster_elsewhere(struct cluster *cluster, bool held);

/* It answers nobody any more, or those who have waited and all others again. */
void cluster_mute(struct cluster *cluster, bool mute);

/* The helper obeys.  The answer's number is that of its last request, plus what
 * stands there. */
void cluster_order(struct cluster *cluster, pid_t helper,
		   const struct fake_order *order);

/* Orders of use: an answer to the latest request, with the timer as it is; the
 * loss of the latest grant; the end of the latest helper. */
void cluster_answer(struct cluster *cluster, enum session_answer_kind kind,
		    int error, const char *text);
void cluster_lose(struct cluster *cluster, const char *text);
void cluster_end_helper(struct cluster *cluster);

/* Returns when the count of the cluster (a member) is at least that. */
void cluster_await(const atomic_int *count, int least);

/* Returns when all helpers have ended: those that used them are done. */
void cluster_await_all_ended(struct cluster *cluster);

/* For cmocka: *state is a struct key, and cluster what was started for it.  The
 * teardown ends commands as well (command.h). */
extern struct cluster *cluster;
int cluster_setup(void **state);
int cluster_teardown(void **state);
#define with_cluster(test)                                                     \
	cmocka_unit_test_setup_teardown(test, cluster_setup, cluster_teardown)

#endif
