/* SPDX-License-Identifier: MIT */
/* lease.h - a lease: how long it lasts, and what is asked about it.
 *
 * Its keepalives are the one thing that etcd's leader answers without asking
 * the others.  One that slept, and does not know yet that it is none any more,
 * prolongs leases for nobody but itself.  So an answer is only believed when a
 * majority has answered something later, in the same term of a leader.
 */
#ifndef PORTLOCK_ETCD_LEASE_H
#define PORTLOCK_ETCD_LEASE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct lease {
	int64_t id;	  /* 0: none */
	int64_t deadline; /* what relies on it must have stopped by then */
	int64_t promised; /* the next deadline, by a keepalive; 0: none */
	int64_t answered; /* when that was */
	int64_t term;	  /* and of which leader */
	int64_t due;	  /* when it is to be prolonged */
	int64_t lasts;	  /* ns, in the cluster, from when it hears of it */
	int64_t gone;	  /* the cluster has forgotten it by then */
	bool doubtful;	  /* a key of it may still be put, by a lost request */
	bool doomed;	  /* it is to be revoked, and nothing else */
};

/* Bodies of requests; NULL: no memory. */
json_t *lease_grant_body(long ttl);
json_t *lease_body(const struct lease *lease); /* to prolong, to revoke */

/* It was granted by an answer to what was sent at that time: 0 or -EPROTO.  The
 * TTL is the one that was asked for: etcd may make it longer, which only others
 * rely on. */
int lease_granted(struct lease *lease, const json_t *answer, long ttl,
		  int64_t sent);

/* A keepalive's answer: 0, 1 if there is no such lease any more, -EPROTO. */
int lease_promised(struct lease *lease, const json_t *answer, long ttl,
		   int64_t sent);

/* What a majority answered to something sent at that time: whether the lease
 * has a new deadline by that. */
bool lease_prolonged(struct lease *lease, const json_t *answer, int64_t sent);

/* Its deadline is past: true if a look may prolong it, else a keepalive is due,
 * which a look comes after. */
bool lease_hurry(struct lease *lease);

/* A request that prolongs it is sent, answered or not. */
void lease_sent(struct lease *lease, long attempt_ms);

/* There is none any more. */
void lease_forget(struct lease *lease);

#endif
