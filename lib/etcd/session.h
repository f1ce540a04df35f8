/* SPDX-License-Identifier: MIT */
/* session.h - what the handle wants, what the cluster says, and what is next.
 *
 * There is one request at a time for the lock ("work"), and beside it those
 * that must not wait for it: keepalives, the watch, and the login.  Nothing is
 * planned ahead: whenever something has happened, session_step() compares what
 * is wanted with what there is, and starts what comes next.  So a failure needs
 * no plan of its own: the same is found to be next, at another endpoint.
 */
#ifndef PORTLOCK_ETCD_SESSION_H
#define PORTLOCK_ETCD_SESSION_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/etcd/channel.h"
#include "lib/etcd/cluster.h"
#include "lib/etcd/lease.h"
#include "lib/etcd/post.h"
#include "lib/etcd/queue.h"
#include "lib/etcd/settings.h"

enum want {
	WANT_NOTHING,
	WANT_LOCK,
	WANT_TRY,
};

enum work {
	WORK_NONE,
	WORK_GRANT,    /* a lease */
	WORK_JOIN,     /* the queue */
	WORK_JOIN_TRY, /* the same, if it is empty */
	WORK_LOOK,     /* at the place in it */
	WORK_LEAVE,
	WORK_REVOKE, /* the lease, with its key */
};

struct session {
	CURLM *multi;
	struct channel channel;
	struct settings settings;
	bool configured;
	int wrong; /* with the settings: -errno */
	char wrong_text[CLUSTER_TEXT];

	enum want want;
	uint64_t number; /* of the request */
	bool granted;	 /* and it is */
	bool lost;	 /* it was, and the handle has not let go since */
	bool told;	 /* to end, as soon as the handle has let go */
	bool waiting;	 /* the handle knows that it is in the queue */
	bool troubled;	 /* and that there is trouble */
	int64_t granted_at;
	int64_t contact_by; /* an endpoint must have answered once */
	int64_t idle_since;
	bool ending; /* the handle is gone */
	bool over;   /* nothing is left */

	struct cluster cluster;
	struct lease lease;
	struct queue queue;
	bool look_due;
	enum work working; /* what the work is about */
	struct post work, keepalive, login, watch;
	int64_t wake; /* the next step is due */
};

/* ---- session.c: what the handle asks, and is told ------------------------- */

bool session_open(struct session *session);
void session_free(struct session *session);

/* Reads all that the handle has sent. */
void session_requests(struct session *session);

/* The handle is gone, or everything is to end. */
void session_end(struct session *session);
void session_told_to_end(struct session *session);

void say(struct session *session, enum session_answer_kind kind, int error,
	 const char *text);

/* The lock is the handle's, if the lease lasts. */
void grant(struct session *session);

/* It is not any more. */
void lose(struct session *session, const char *text);

/* The request ends with an error. */
void fail(struct session *session, int error, const char *text);

/* Nothing is wanted any more: what was done for it is undone. */
void want_nothing(struct session *session);

/* Its place in the cluster's queue is of use. */
bool in_queue(const struct session *session);

/* ---- step.c: what is next ------------------------------------------------- */

void session_step(struct session *session);

/* ---- work.c: requests for the lock ---------------------------------------- */

enum work work_next(const struct session *session);
void work_start(struct session *session, enum work work);

/* ---- done.c: what became of requests -------------------------------------- */

void session_done(struct session *session, struct post *post, CURLcode code);
void session_watched(struct session *session);

/* The lease is no more: what hung on it is lost. */
void drop_lease(struct session *session, const char *text);

#endif
