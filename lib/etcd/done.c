/* SPDX-License-Identifier: MIT */
/* done.c - what became of requests. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/etcd/clock.h"
#include "lib/etcd/number.h"
#include "lib/etcd/secret.h"
#include "lib/etcd/session.h"

void drop_lease(struct session *session, const char *text)
{
	if (session->granted)
		lose(session, text);
	post_cancel(&session->keepalive);
	post_cancel(&session->watch);
	lease_forget(&session->lease);
	queue_forget(&session->queue);
	session->look_due = false;
	session->waiting = false;
}

/* The key has gone, but perhaps not the lease: another key needs another
 * lease, as a request for this one may be late. */
static void lose_place(struct session *session)
{
	if (session->granted)
		lose(session, "its key in etcd is gone");
	queue_forget(&session->queue);
	session->lease.doomed = true;
	session->waiting = false;
}

/* A try ends here, where others wait. */
static void must_wait(struct session *session)
{
	if (session->want == WANT_TRY) {
		say(session, SESSION_BUSY, 0, "");
		want_nothing(session);
		return;
	}
	if (queue_outdated(&session->queue))
		session->look_due = true;
	if (!session->waiting)
		say(session, SESSION_WAITING, 0, "");
}

/* False: that was odd. */
static bool take_place(struct session *session, enum work work,
		       enum place place)
{
	switch (place) {
	case PLACE_ODD:
		return false;
	case PLACE_NONE:
		if (work == WORK_LOOK)
			lose_place(session);
		else if (work == WORK_JOIN)
			return false; /* neither there before nor now */
		else if (session->want == WANT_TRY)
			must_wait(session);
		return true;
	case PLACE_UNKNOWN:
		session->look_due = true;
		return true;
	case PLACE_WAITING:
		if (session->granted)
			return false; /* older than the first */
		must_wait(session);
		return true;
	case PLACE_FIRST:
		if (!session->granted)
			grant(session);
		return true;
	}
	return false;
}

static bool take_lease(struct session *session, const json_t *answer)
{
	long ttl = session->settings.ttl;

	if (lease_granted(&session->lease, answer, ttl, session->work.sent) !=
	    0)
		return false;
	lease_sent(&session->lease, session->cluster.attempt);
	if (queue_name(&session->queue, session->lease.id) != 0)
		session->lease.doomed = true;
	return true;
}

/* A look or a join: a majority stands for it. */
static bool take_transaction(struct session *session, enum work work,
			     const json_t *answer)
{
	struct queue *queue = &session->queue;

	if (lease_prolonged(&session->lease, answer, session->work.sent) &&
	    session->granted && !timer_push(session->lease.deadline)) {
		lose(session, "no keepalive was answered in time");
		return true;
	}
	return take_place(session, work,
			  work == WORK_LOOK ? queue_looked(queue, answer)
					    : queue_joined(queue, answer));
}

/* False: that is not what etcd answers to this. */
static bool take_answer(struct session *session, enum work work,
			const json_t *answer)
{
	struct queue *queue = &session->queue;

	switch (work) {
	case WORK_NONE:
		break;
	case WORK_GRANT:
		return take_lease(session, answer);
	case WORK_JOIN:
	case WORK_JOIN_TRY:
	case WORK_LOOK:
		return take_transaction(session, work, answer);
	case WORK_LEAVE:
		if (!json_is_object(json_object_get(answer, "header")))
			return false;
		queue_forget(queue);
		return true;
	case WORK_REVOKE:
		drop_lease(session, "");
		return true;
	}
	return false;
}

/* All endpoints fail: the handle is told, or it is the end of its request. */
static void tell_trouble(struct session *session)
{
	const struct endpoint *worst;
	int error = cluster_error(&session->cluster, &worst);

	if (error == 0 || session->want == WANT_NOTHING || session->granted)
		return;
	if (cluster_hopeless(&session->cluster))
		fail(session, error, worst->text);
	else if (!session->troubled)
		say(session, SESSION_TROUBLE, error, worst->text);
}

/* What all kinds of requests have in common; false: nothing more to do. */
static bool settle(struct session *session, struct post *post,
		   const struct reply *reply)
{
	struct cluster *cluster = &session->cluster;

	switch (reply->outcome) {
	case ANSWERED:
		return true;
	case GONE:
		post_good(post);
		drop_lease(session, "its lease in etcd is gone");
		break;
	case UNAUTHENTIC:
		secret_free(cluster->token);
		cluster->token = NULL;
		cluster->open = !session->settings.user;
		post_rest(post);
		break;
	case REFUSED:
		post_bad(post, reply->error, reply->text);
		if (session->want != WANT_NOTHING && !session->granted)
			fail(session, reply->error, reply->text);
		break;
	case FAILED:
		post_bad(post, reply->error, reply->text);
		tell_trouble(session);
		break;
	}
	return false;
}

/* It was an answer, and a good one or not. */
static void settle_answer(struct session *session, struct post *post, bool good)
{
	if (!good) {
		post_bad(post, -EPROTO, "it does not answer as etcd v3 does");
		tell_trouble(session);
		return;
	}
	post_good(post);
	/* In the queue, and reached again. */
	if (session->troubled && in_queue(session) &&
	    session->want == WANT_LOCK && !session->granted)
		say(session, SESSION_WAITING, 0, "");
}

static void work_done(struct session *session, const struct reply *reply)
{
	enum work work = session->working;

	session->working = WORK_NONE;
	if (reply->outcome == ANSWERED) {
		settle_answer(session, &session->work,
			      take_answer(session, work, reply->json));
		return;
	}
	if (reply->outcome == FAILED) {
		/* It may have been carried out, or be so later. */
		if (work == WORK_JOIN || work == WORK_JOIN_TRY)
			session->lease.doubtful = true;
		if (work == WORK_LEAVE)
			session->lease.doomed = true;
		if (work == WORK_LOOK)
			session->look_due = true;
	}
	settle(session, &session->work, reply);
}

static void keepalive_done(struct session *session, const struct reply *reply)
{
	struct post *post = &session->keepalive;
	int result;

	if (!settle(session, post, reply))
		return;
	result = lease_promised(&session->lease, reply->json,
				session->settings.ttl, post->sent);
	settle_answer(session, post, result >= 0);
	if (result == 1)
		drop_lease(session, "its lease in etcd has ended");
	/* Whether that is true; and what a watch that is silent has not told.
	 */
	session->look_due = in_queue(session);
}

static void login_done(struct session *session, const struct reply *reply)
{
	struct cluster *cluster = &session->cluster;
	const char *token;

	if (strstr(reply->text, "authentication is not enabled")) {
		cluster->open = true;
		post_good(&session->login);
		return;
	}
	if (!settle(session, &session->login, reply))
		return;
	token = json_string_value(json_object_get(reply->json, "token"));
	if (token)
		cluster->token = strdup(token);
	settle_answer(session, &session->login, cluster->token != NULL);
}

/* A look tells why, and what was missed. */
static void watch_done(struct session *session, const struct reply *reply)
{
	if (reply->outcome == UNAUTHENTIC)
		settle(session, &session->watch, reply);
	else
		post_rest(&session->watch);
	session->look_due = in_queue(session);
}

void session_done(struct session *session, struct post *post, CURLcode code)
{
	struct reply reply;

	post_end(post, code, &reply);
	if (post == &session->work)
		work_done(session, &reply);
	else if (post == &session->keepalive)
		keepalive_done(session, &reply);
	else if (post == &session->login)
		login_done(session, &reply);
	else
		watch_done(session, &reply);
	json_decref(reply.json);
}

/* Those who wait are told at the same moment, and look before they come in: a
 * holder that is not in any more must not take that long to know. */
static void take_event(struct session *session, const json_t *event)
{
	if (!queue_event(&session->queue, event))
		return;
	if (session->granted && queue_is_own(&session->queue, event))
		lose_place(session);
	else
		session->look_due = true;
}

static void take_line(struct session *session, const json_t *line)
{
	const json_t *result = json_object_get(line, "result");
	const json_t *events = json_object_get(result, "events");

	if (json_is_true(json_object_get(result, "created")))
		session->watch.pause = 0;
	for (size_t i = 0; i < json_array_size(events); i++)
		take_event(session, json_array_get(events, i));
	if (json_is_true(json_object_get(result, "canceled"))) {
		post_cancel(&session->watch);
		post_rest(&session->watch);
		session->look_due = true;
	}
}

void session_watched(struct session *session)
{
	json_t *line;

	while (session->watch.busy && (line = post_line(&session->watch))) {
		take_line(session, line);
		json_decref(line);
	}
	session->look_due = session->look_due && in_queue(session);
}
