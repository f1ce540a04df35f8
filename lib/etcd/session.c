/* SPDX-License-Identifier: MIT */
/* session.c - what the handle asks, and is told. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/etcd/clock.h"
#include "lib/etcd/session.h"

bool session_open(struct session *session)
{
	memset(session, 0, sizeof(*session));
	session->idle_since = now_ns();
	/* What etcd hashes passwords by is slow on purpose. */
	session->login.slow = true;
	session->multi = curl_multi_init();
	return session->multi != NULL;
}

void session_free(struct session *session)
{
	post_free(&session->work);
	post_free(&session->keepalive);
	post_free(&session->login);
	post_free(&session->watch);
	cluster_free(&session->cluster);
	queue_free(&session->queue);
	settings_free(&session->settings);
	curl_multi_cleanup(session->multi);
}

void say(struct session *session, enum session_answer_kind kind, int error,
	 const char *text)
{
	struct session_answer answer;

	memset(&answer, 0, sizeof(answer));
	answer.kind = kind;
	answer.error = error;
	answer.number = session->number;
	if (kind == SESSION_GRANTED)
		answer.revision = (uint64_t)session->queue.revision;
	snprintf(answer.text, sizeof(answer.text), "%s", text);
	session->waiting = kind == SESSION_WAITING;
	session->troubled = kind == SESSION_TROUBLE;
	channel_say(&session->channel, &answer);
}

/*
 * Of a lease that nobody needed a majority may not have told for long, and what
 * it was promised may be of a leader that is none any more.  Its key is there,
 * and would be in the way of one of another lease: so it is asked once more.
 */
void grant(struct session *session)
{
	int64_t now = now_ns();

	if (now >= session->lease.deadline) {
		session->look_due = lease_hurry(&session->lease);
		return;
	}
	timer_arm(session->lease.deadline);
	session->granted = true;
	session->granted_at = now;
	say(session, SESSION_GRANTED, 0, "");
}

bool in_queue(const struct session *session)
{
	return session->want != WANT_NOTHING && session->queue.revision != 0 &&
	       !session->queue.leaving;
}

void want_nothing(struct session *session)
{
	session->want = WANT_NOTHING;
	session->granted = false;
	session->look_due = false;
	/* Also if it is wanted again before that is done: others have come. */
	session->queue.leaving = session->queue.revision != 0;
	session->idle_since = now_ns();
	if (session->working == WORK_JOIN || session->working == WORK_JOIN_TRY)
		session->lease.doubtful = true;
	/* The lease may go on while it is got; the others could be on their
	 * way to an endpoint that never answers. */
	if (session->working != WORK_NONE && session->working != WORK_GRANT &&
	    session->working != WORK_LEAVE && session->working != WORK_REVOKE) {
		post_cancel(&session->work);
		session->working = WORK_NONE;
	}
	/* A request that is late would put the key after it was deleted; but
	 * not with a lease that has ended. */
	if (session->lease.doubtful)
		session->lease.doomed = true;
}

/* What relies on it has from now on until the end of the lease to stop: it is
 * not revoked before the handle has let go.  That the handle has gone is not
 * enough: what it has started may still have to be ended. */
void lose(struct session *session, const char *text)
{
	timer_expire();
	say(session, SESSION_LOST, 0, text);
	want_nothing(session);
	session->lease.doomed = true;
	session->lost = true;
}

/* What the handle asks for from here on is for another one: it sees our end at
 * once. */
static void leave(struct session *session)
{
	channel_close();
	session_end(session);
}

/* The handle has nothing any more, or would not ask for it. */
static void let_go(struct session *session)
{
	if (session->want != WANT_NOTHING)
		want_nothing(session);
	session->lost = false;
	session->idle_since = now_ns();
	if (session->told)
		leave(session);
}

void fail(struct session *session, int error, const char *text)
{
	say(session, SESSION_FAILED, error, text);
	want_nothing(session);
}

/* The handle is another one now, if another request was for the same. */
static void acquire(struct session *session, uint64_t number, enum want want)
{
	session->number = number;
	if (session->want == WANT_NOTHING)
		let_go(session);
	if (session->ending)
		return;
	if (session->wrong) {
		fail(session, session->wrong, session->wrong_text);
	} else if (session->granted) {
		say(session, SESSION_GRANTED, 0, "");
	} else {
		if (session->want == WANT_NOTHING) {
			cluster_forget(&session->cluster);
			session->contact_by =
				now_ns() + session->settings.contact * MSEC;
			session->work.again = session->work.pause = 0;
			session->login.again = session->login.pause = 0;
			session->waiting = false;
		} else if (session->waiting && want == WANT_LOCK) {
			say(session, SESSION_WAITING, 0, "");
		}
		session->troubled = false;
		session->want = want;
		session->look_due = in_queue(session);
	}
}

static void configure(struct session *session, const char *packet, size_t size)
{
	struct settings *settings = &session->settings;

	session->configured = true;
	session->wrong =
		settings_read(settings, packet, size, session->wrong_text,
			      sizeof(session->wrong_text));
	if (!session->wrong &&
	    queue_set(&session->queue, settings->prefix, settings->key) != 0) {
		session->wrong = -ENOMEM;
		strcpy(session->wrong_text, "out of memory");
	}
	if (!session->wrong)
		cluster_set(&session->cluster, settings, session->multi);
}

/* False: that is no request. */
static bool take_request(struct session *session, const char *packet,
			 size_t size)
{
	struct session_request request;

	if (size < sizeof(request))
		return false;
	memcpy(&request, packet, sizeof(request));
	if (request.reserved != 0 ||
	    session->configured == (request.kind == SESSION_CONFIGURE) ||
	    (request.kind != SESSION_CONFIGURE && size != sizeof(request)))
		return false;
	switch (request.kind) {
	case SESSION_CONFIGURE:
		configure(session, packet + sizeof(request),
			  size - sizeof(request));
		return true;
	case SESSION_ACQUIRE:
		acquire(session, request.number, WANT_LOCK);
		return true;
	case SESSION_TRY:
		acquire(session, request.number, WANT_TRY);
		return true;
	case SESSION_RELEASE:
		/* Of whatever there is: its handle is the only one that
		 * speaks here, and does so in order. */
		timer_disarm();
		let_go(session);
		return true;
	}
	return false;
}

void session_requests(struct session *session)
{
	char packet[SESSION_CONFIGURE_MAX + sizeof(struct session_request)];
	long size;

	while (!session->ending &&
	       (size = channel_read(packet, sizeof(packet))) != 0) {
		if (size < 0)
			session_end(session);
		else if (!take_request(session, packet, (size_t)size))
			leave(session);
		/* There may be a password in it; but most are small. */
		explicit_bzero(packet,
			       size < 0 ? sizeof(packet) : (size_t)size);
	}
}

void session_end(struct session *session)
{
	session->ending = true;
	want_nothing(session);
	session->lease.doomed = true;
}

/* Where a service is stopped, all its processes are told at once: who has the
 * lock is to end first. */
void session_told_to_end(struct session *session)
{
	session->told = true;
	if (!session->granted && !session->lost)
		leave(session);
}
