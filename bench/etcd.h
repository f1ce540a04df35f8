/* SPDX-License-Identifier: MIT */
/* etcd.h - the cluster to measure with: the user's, or one node of our own. */
#ifndef PORTLOCK_BENCH_ETCD_H
#define PORTLOCK_BENCH_ETCD_H

/* Its endpoints: from the environment, where portlock has them from, too. */
#define ETCD_ENDPOINTS "PORTLOCK_ETCD_ENDPOINTS"
const char *etcd_endpoints(void); /* "" if there are none */

/* A request that any etcd answers: which nodes it has. */
#define ETCD_MEMBERS "/v3/cluster/member/list"

/* Why there is none, or nothing that could speak to it; NULL: there is. */
const char *etcd_obstacle(void);

/* Unless the environment names endpoints: starts a node of our own, and names it
 * there.  Ends the run if none answers. */
void etcd_begin(void);
void etcd_end(void);

/* Connects to an endpoint; ends the run if there is none. */
struct http;
void etcd_connect(struct http *http);

#endif
