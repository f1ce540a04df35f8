/* SPDX-License-Identifier: MIT */
/* step.c - what is next. */
#include "config.h"

#include <errno.h>

#include "lib/etcd/clock.h"
#include "lib/etcd/session.h"

/* Who holds for a shorter time does not watch its key. */
#define WATCH_AFTER SECOND

static void wake_at(struct session *session, int64_t when)
{
	if (session->wake > when)
		session->wake = when;
}

/* Whether a request may go out now; otherwise it is looked at again. */
static bool may_send(struct session *session, const struct post *post,
		     int64_t due)
{
	if (post->busy)
		return false;
	if (due < post->again)
		due = post->again;
	if (now_ns() >= due)
		return true;
	wake_at(session, due);
	return false;
}

/* The local deadline is past: nobody may rely on the lock any more.  The timer
 * may have been stopped by others who have it: what they have seen lost is. */
static void check_deadline(struct session *session)
{
	char text[CLUSTER_TEXT + 64];
	const struct endpoint *worst;
	bool runs;

	if (!session->granted)
		return;
	wake_at(session, session->lease.deadline);
	runs = timer_runs(); /* before the clock tells that it need not */
	if (now_ns() < session->lease.deadline) {
		if (!runs)
			lose(session, "the lock's timer was stopped");
		return;
	}
	cluster_error(&session->cluster, &worst);
	snprintf(text, sizeof(text), "no keepalive was answered in time%s%s",
		 worst ? ": " : "", worst ? worst->text : "");
	lose(session, text);
}

/* Waiting is of no use where nobody has ever been. */
static void check_contact(struct session *session)
{
	const struct endpoint *worst;
	int error;

	if (session->want == WANT_NOTHING || session->cluster.contacted)
		return;
	wake_at(session, session->contact_by);
	if (now_ns() < session->contact_by)
		return;
	error = cluster_error(&session->cluster, &worst);
	fail(session, error ? error : -EHOSTUNREACH,
	     worst ? worst->text : "no endpoint has answered");
}

/* Who is not needed goes, but not before its lease. */
static void check_end(struct session *session)
{
	int64_t idle_end = session->idle_since + SESSION_IDLE * SECOND;

	if (session->lease.id && session->lease.doomed) {
		wake_at(session, session->lease.gone);
		if (now_ns() >= session->lease.gone)
			drop_lease(session, "");
	}
	if (!session->lease.id)
		session->lease.doomed = false;
	if (session->want != WANT_NOTHING ||
	    (session->lost && !session->ending))
		return;
	if (!session->ending && now_ns() < idle_end) {
		wake_at(session, idle_end);
		return;
	}
	session->lease.doomed = session->lease.id != 0;
	session->over = session->lease.id == 0;
}

/* Requests need a token where there are passwords. */
static bool logged_in(struct session *session)
{
	const struct settings *settings = &session->settings;
	struct cluster *cluster = &session->cluster;

	if (cluster->open || cluster->token)
		return true;
	if (may_send(session, &session->login, 0))
		post_start(&session->login, cluster, "auth/authenticate",
			   json_pack("{s:s,s:s}", "name", settings->user,
				     "password", settings->password));
	return false;
}

static void step_keepalive(struct session *session)
{
	struct lease *lease = &session->lease;

	if (!lease->id || lease->doomed ||
	    !may_send(session, &session->keepalive, lease->due) ||
	    !logged_in(session))
		return;
	lease_sent(lease, session->cluster.attempt);
	post_start(&session->keepalive, &session->cluster, "lease/keepalive",
		   lease_body(lease));
}

/* Whatever it should have told and has not, looks find out, if later. */
static void step_watch(struct session *session)
{
	struct post *watch = &session->watch;
	int64_t due = session->granted ? session->granted_at + WATCH_AFTER : 0;

	if (watch->busy && session->cluster.endpoints[watch->endpoint].error) {
		post_cancel(watch);
		session->look_due = in_queue(session);
	}
	if (!in_queue(session) || session->look_due ||
	    session->working == WORK_LOOK || !may_send(session, watch, due) ||
	    !logged_in(session))
		return;
	post_stream(watch, &session->cluster, "watch",
		    queue_watch_body(&session->queue));
}

static void step_work(struct session *session)
{
	enum work next = work_next(session);

	if (next != WORK_NONE && may_send(session, &session->work, 0) &&
	    logged_in(session))
		work_start(session, next);
}

void session_step(struct session *session)
{
	session->wake = NEVER;
	check_deadline(session);
	check_contact(session);
	check_end(session);
	if (!session->configured || session->wrong || session->over)
		return;
	step_work(session);
	step_keepalive(session);
	step_watch(session);
}
