/* SPDX-License-Identifier: MIT */
/* cluster_bare.h - the requests that a lock in etcd cannot do without. */
#ifndef PORTLOCK_BENCH_CLUSTER_BARE_H
#define PORTLOCK_BENCH_CLUSTER_BARE_H

#include "bench/http.h"

struct bare {
	struct http http;
	char key[128];	    /* as JSON has it */
	char lease[32];	    /* likewise; "" if there is none */
	long long revision; /* at which the key was made */
};

/* Connects to the cluster; the key is of that name. */
void bare_begin(struct bare *bare, const char *name);
void bare_end(struct bare *bare);

/* One round trip each; all end the run if the cluster does not do it. */
void bare_grant(struct bare *bare, int ttl);
void bare_put(struct bare *bare);    /* the key, if nobody has it */
void bare_delete(struct bare *bare); /* the key, if it is still that one */
void bare_revoke(struct bare *bare);

#endif
