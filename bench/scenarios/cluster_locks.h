/* SPDX-License-Identifier: MIT */
/* cluster_locks.h - the locks in etcd that are compared.  They are not on the
 * list of locks: no other scenario has a cluster. */
#ifndef PORTLOCK_BENCH_CLUSTER_LOCKS_H
#define PORTLOCK_BENCH_CLUSTER_LOCKS_H

#include "bench/lock.h"

extern const struct bench_lock cluster_portlock, cluster_etcdctl;

#endif
