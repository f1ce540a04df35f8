/* SPDX-License-Identifier: MIT */
/* lease.c - a lease: how long it lasts, and what is asked about it. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "lib/etcd/clock.h"
#include "lib/etcd/lease.h"
#include "lib/etcd/number.h"
#include "lib/etcd/protocol.h"

/* A keepalive that was not believed is sent again: not in a busy loop. */
#define AGAIN_AFTER (50 * MSEC)

json_t *lease_grant_body(long ttl)
{
	return json_pack("{s:I}", "TTL", (json_int_t)ttl);
}

json_t *lease_body(const struct lease *lease)
{
	return json_pack("{s:I}", "ID", (json_int_t)lease->id);
}

/* No cluster has a longer lease; and nanoseconds have room for it. */
#define LASTS_MAX (INT64_C(1) << 31) /* s */

/* The cluster counts from when it heard of it, which was later than "sent". */
static int64_t deadline(int64_t answered, long ttl, int64_t sent)
{
	int64_t shorter = answered < ttl ? answered : ttl;

	return sent + shorter * SECOND - SESSION_MARGIN(ttl) * MSEC;
}

/* Of two lengths the shorter one is right for those who rely on the lease, the
 * longer one for the time when nothing can be left of it. */
static void set_times(struct lease *lease, int64_t answered, long ttl,
		      int64_t sent)
{
	int64_t shorter = answered < ttl ? answered : ttl;
	int64_t longer = answered < ttl ? ttl : answered;

	if (longer > LASTS_MAX)
		longer = LASTS_MAX;
	lease->due = sent + shorter * SECOND / 3;
	lease->lasts = longer * SECOND;
}

static int64_t term_of(const json_t *answer)
{
	return number_get(json_object_get(answer, "header"), "raft_term");
}

int lease_granted(struct lease *lease, const json_t *answer, long ttl,
		  int64_t sent)
{
	int64_t id = number_get(answer, "ID");
	int64_t answered = number_get(answer, "TTL");

	/* One that leaves no time to hold anything is none. */
	if (id <= 0 || answered <= SESSION_MARGIN(ttl) / 1000)
		return -EPROTO;
	memset(lease, 0, sizeof(*lease));
	lease->id = id;
	lease->deadline = deadline(answered, ttl, sent);
	set_times(lease, answered, ttl, sent);
	return 0;
}

int lease_promised(struct lease *lease, const json_t *answer, long ttl,
		   int64_t sent)
{
	int64_t answered = number_get(answer, "TTL");

	if (number_get(answer, "ID") != lease->id)
		return -EPROTO;
	if (answered <= 0)
		return 1;
	lease->promised = deadline(answered, ttl, sent);
	lease->answered = now_ns();
	lease->term = term_of(answer);
	set_times(lease, answered, ttl, sent);
	return 0;
}

bool lease_prolonged(struct lease *lease, const json_t *answer, int64_t sent)
{
	bool same_term = term_of(answer) == lease->term;

	if (lease->promised == 0 || sent < lease->answered)
		return false;
	if (same_term)
		lease->deadline = lease->promised;
	else
		lease->due = now_ns() + AGAIN_AFTER;
	lease->promised = 0;
	return same_term;
}

bool lease_hurry(struct lease *lease)
{
	int64_t soon = now_ns() + AGAIN_AFTER;

	if (lease->due > soon)
		lease->due = soon;
	return lease->promised > now_ns();
}

void lease_sent(struct lease *lease, long attempt_ms)
{
	lease->gone = now_ns() + lease->lasts + attempt_ms * MSEC;
}

void lease_forget(struct lease *lease)
{
	memset(lease, 0, sizeof(*lease));
}
