/* SPDX-License-Identifier: MIT */
/* lease.c - a lease: how long it lasts, and what is asked about it. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "lib/etcd/clock.h"
#include "lib/etcd/lease.h"
#include "lib/etcd/number.h"
#include "lib/etcd/protocol.h"

json_t *lease_grant_body(long ttl)
{
	return json_pack("{s:I}", "TTL", (json_int_t)ttl);
}

json_t *lease_body(const struct lease *lease)
{
	return json_pack("{s:I}", "ID", (json_int_t)lease->id);
}

/* The cluster counts from when it heard of it, which was later than "sent". */
static void set_times(struct lease *lease, int64_t answered, long ttl,
		      int64_t sent)
{
	if (answered > ttl)
		answered = ttl;
	lease->deadline = sent + answered * SECOND - SESSION_MARGIN(ttl) * MSEC;
	lease->due = sent + ttl * SECOND / 3;
}

int lease_granted(struct lease *lease, const json_t *answer, long ttl,
		  int64_t sent)
{
	int64_t id = number_get(answer, "ID");
	int64_t answered = number_get(answer, "TTL");

	if (id <= 0 || answered <= 0)
		return -EPROTO;
	memset(lease, 0, sizeof(*lease));
	lease->id = id;
	set_times(lease, answered, ttl, sent);
	return 0;
}

int lease_prolonged(struct lease *lease, const json_t *answer, long ttl,
		    int64_t sent)
{
	int64_t answered = number_get(answer, "TTL");

	if (number_get(answer, "ID") != lease->id)
		return -EPROTO;
	if (answered <= 0)
		return 1;
	set_times(lease, answered, ttl, sent);
	return 0;
}

void lease_sent(struct lease *lease, long ttl, long attempt_ms)
{
	lease->gone = now_ns() + ttl * SECOND + attempt_ms * MSEC;
}

void lease_forget(struct lease *lease)
{
	memset(lease, 0, sizeof(*lease));
}
