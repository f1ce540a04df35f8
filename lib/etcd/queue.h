/* SPDX-License-Identifier: MIT */
/* queue.h - the cluster's queue of a key: etcd's keys PREFIX KEY / LEASE, in
 * the order of their create revisions.  The first one has the lock.
 */
#ifndef PORTLOCK_ETCD_QUEUE_H
#define PORTLOCK_ETCD_QUEUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* All texts are base64. */
struct queue {
	char *folder;	   /* without base64: all keys of the queue begin so */
	char *first, *end; /* the range of them */
	char *value;	   /* of own key: for people */
	char *own;	   /* own key, by queue_name() */
	int64_t revision;  /* own key's create revision; 0: not in the queue */
	bool leaving;	   /* its place is given up, but not yet its key */
	char *ahead;	   /* the key before it; NULL: not known, or none */
	int64_t seen;	   /* the cluster's revision at the last look */
	int64_t changed;   /* and at the last event that it was told of */
};

enum place {
	PLACE_NONE,    /* own key is not there */
	PLACE_WAITING, /* there is another one before it */
	PLACE_FIRST,
	PLACE_UNKNOWN, /* own key is there, but a look is needed */
	PLACE_ODD,     /* that is no answer of etcd's */
};

int queue_set(struct queue *queue, const char *prefix, const char *key);
void queue_free(struct queue *queue);

/* Own key is that of the lease; not in the queue. */
int queue_name(struct queue *queue, int64_t lease);
void queue_forget(struct queue *queue);

/* Bodies of transactions; NULL: no memory.  To join, only if nobody else is in
 * it if "alone"; to look who is before us; to leave. */
json_t *queue_join_body(const struct queue *queue, int64_t lease, bool alone);
json_t *queue_look_body(const struct queue *queue);
json_t *queue_leave_body(const struct queue *queue);

/* The answers to the first two. */
enum place queue_joined(struct queue *queue, const json_t *answer);
enum place queue_looked(struct queue *queue, const json_t *answer);

/* To be told of keys that go, from the last look on; whether such an event is
 * news of own key or of the one before it, and whether of own key; and whether
 * there was any event after the last look: it may have come while the look was
 * on its way, before it was known which keys matter. */
json_t *queue_watch_body(const struct queue *queue);
bool queue_event(struct queue *queue, const json_t *event);
bool queue_is_own(const struct queue *queue, const json_t *event);
bool queue_outdated(const struct queue *queue);

#endif
