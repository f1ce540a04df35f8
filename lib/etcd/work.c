/* SPDX-License-Identifier: MIT */
/* work.c - requests for the lock: which is next, and what it says. */
#include "config.h"

#include "lib/etcd/session.h"

enum work work_next(const struct session *session)
{
	if (session->lease.doomed)
		return session->lease.id && !session->lost ? WORK_REVOKE
							   : WORK_NONE;
	if (session->queue.leaving)
		return WORK_LEAVE;
	if (session->want == WANT_NOTHING)
		return WORK_NONE;
	if (!session->lease.id)
		return WORK_GRANT;
	if (session->queue.revision == 0)
		return session->want == WANT_TRY ? WORK_JOIN_TRY : WORK_JOIN;
	return session->look_due ? WORK_LOOK : WORK_NONE;
}

void work_start(struct session *session, enum work work)
{
	struct cluster *cluster = &session->cluster;
	struct queue *queue = &session->queue;
	const char *path = "kv/txn";
	json_t *body = NULL;

	switch (work) {
	case WORK_NONE:
		return;
	case WORK_GRANT:
		path = "lease/grant";
		body = lease_grant_body(session->settings.ttl);
		break;
	case WORK_JOIN:
	case WORK_JOIN_TRY:
		body = queue_join_body(queue, session->lease.id,
				       work == WORK_JOIN_TRY);
		break;
	case WORK_LOOK:
		session->look_due = false;
		body = queue_look_body(queue);
		break;
	case WORK_LEAVE:
		body = queue_leave_body(queue);
		break;
	case WORK_REVOKE:
		path = "lease/revoke";
		body = lease_body(&session->lease);
		break;
	}
	post_start(&session->work, cluster, path, body);
	session->working = session->work.busy ? work : WORK_NONE;
}
