/* SPDX-License-Identifier: MIT */
/* lease.h - a lease: how long it lasts, and what is asked about it. */
#ifndef PORTLOCK_ETCD_LEASE_H
#define PORTLOCK_ETCD_LEASE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct lease {
	int64_t id;	  /* 0: none */
	int64_t deadline; /* what relies on it must have stopped by then */
	int64_t due;	  /* when it is to be prolonged */
	int64_t gone;	  /* the cluster has forgotten it by then */
	bool doubtful;	  /* a key of it may still be put, by a lost request */
	bool doomed;	  /* it is to be revoked, and nothing else */
};

/* Bodies of requests; NULL: no memory. */
json_t *lease_grant_body(long ttl);
json_t *lease_body(const struct lease *lease); /* to prolong, to revoke */

/* It was granted or prolonged by an answer to what was sent at that time: 0, 1
 * if the cluster does not have it any more, or -EPROTO. */
int lease_granted(struct lease *lease, const json_t *answer, long ttl,
		  int64_t sent);
int lease_prolonged(struct lease *lease, const json_t *answer, long ttl,
		    int64_t sent);

/* A request that prolongs it is sent, answered or not. */
void lease_sent(struct lease *lease, long ttl, long attempt_ms);

/* There is none any more. */
void lease_forget(struct lease *lease);

#endif
