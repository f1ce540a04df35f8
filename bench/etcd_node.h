/* SPDX-License-Identifier: MIT */
/* etcd_node.h - an etcd of the run's own, of one node. */
#ifndef PORTLOCK_BENCH_ETCD_NODE_H
#define PORTLOCK_BENCH_ETCD_NODE_H

#include <stdbool.h>

/*
 * Starts it on a loopback port, with its data in bench_folder.  Returns its URL
 * when it answers; ends the run if it never does.  It is a worker.
 */
const char *node_begin(void);

bool node_runs(void);

/* Takes it away, and the processes of portlocks that have used it. */
void node_end(void);

/* The latter, if the workers have been killed. */
void node_clean(void);

#endif
