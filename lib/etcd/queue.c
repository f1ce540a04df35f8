/* SPDX-License-Identifier: MIT */
/* queue.c - the cluster's queue of a key.
 *
 * etcd's own lock recipe has the same layout and order, so that "etcdctl lock"
 * queues with us.  It is not asked for the lock: it grants to those whose key
 * has gone while they waited.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/etcd/encode.h"
#include "lib/etcd/number.h"
#include "lib/etcd/queue.h"
#include "lib/etcd/who.h"

int queue_set(struct queue *queue, const char *prefix, const char *key)
{
	char *encoded = encode_key(key);
	char *value = who_value(key);
	size_t size;

	memset(queue, 0, sizeof(*queue));
	if (!encoded || asprintf(&queue->folder, "%s%s/", prefix, encoded) < 0)
		queue->folder = NULL;
	free(encoded);
	if (queue->folder) {
		size = strlen(queue->folder);
		queue->first = encode_base64(queue->folder, size);
		/* What comes after all that begins so. */
		queue->folder[size - 1] = '/' + 1;
		queue->end = encode_base64(queue->folder, size);
		queue->folder[size - 1] = '/';
	}
	queue->value = value ? encode_base64(value, strlen(value)) : NULL;
	free(value);
	return queue->first && queue->end && queue->value ? 0 : -ENOMEM;
}

void queue_free(struct queue *queue)
{
	queue_forget(queue);
	free(queue->folder);
	free(queue->first);
	free(queue->end);
	free(queue->value);
	free(queue->own);
	memset(queue, 0, sizeof(*queue));
}

int queue_name(struct queue *queue, int64_t lease)
{
	char *name;

	queue_forget(queue);
	free(queue->own);
	queue->own = NULL;
	if (asprintf(&name, "%s%" PRIx64, queue->folder, (uint64_t)lease) < 0)
		return -ENOMEM;
	queue->own = encode_base64(name, strlen(name));
	free(name);
	return queue->own ? 0 : -ENOMEM;
}

static void set_ahead(struct queue *queue, const char *key)
{
	free(queue->ahead);
	queue->ahead = key ? strdup(key) : NULL;
}

void queue_forget(struct queue *queue)
{
	set_ahead(queue, NULL);
	queue->revision = 0;
	queue->leaving = false;
}

/* Those of the queue whose create revision is at most that (0: all), the
 * newest ones first. */
static json_t *newest(const struct queue *queue, int64_t revision, int limit)
{
	return json_pack("{s:{s:s,s:s,s:s,s:s,s:I,s:i,s:b}}", "request_range",
			 "key", queue->first, "range_end", queue->end,
			 "sort_order", "DESCEND", "sort_target", "CREATE",
			 "max_create_revision", (json_int_t)revision, "limit",
			 limit, "keys_only", 1);
}

static json_t *own_key(const struct queue *queue)
{
	return json_pack("{s:{s:s,s:b}}", "request_range", "key", queue->own,
			 "keys_only", 1);
}

/*
 * A request that is sent again finds its key and leaves it alone.  A new key
 * is the newest one, so that the two newest tell who is before it.
 */
json_t *queue_join_body(const struct queue *queue, int64_t lease, bool alone)
{
	json_t *compare = json_pack(
		"{s:s,s:s,s:s,s:i}", "key", alone ? queue->first : queue->own,
		"target", "CREATE", "result", "EQUAL", "create_revision", 0);

	if (compare && alone)
		json_object_set_new(compare, "range_end",
				    json_string(queue->end));
	return json_pack("{s:[o],s:[{s:{s:s,s:s,s:I}},o],s:[o]}", "compare",
			 compare, "success", "request_put", "key", queue->own,
			 "value", queue->value, "lease", (json_int_t)lease,
			 newest(queue, 0, 2), "failure", own_key(queue));
}

json_t *queue_look_body(const struct queue *queue)
{
	return json_pack("{s:[o,o]}", "success", own_key(queue),
			 newest(queue, queue->revision - 1, 1));
}

/* Nobody's key but the one that was made then: a late copy of this request
 * does no harm to a newer one. */
json_t *queue_leave_body(const struct queue *queue)
{
	return json_pack("{s:[{s:s,s:s,s:s,s:I}],s:[{s:{s:s}}]}", "compare",
			 "key", queue->own, "target", "CREATE", "result",
			 "EQUAL", "create_revision",
			 (json_int_t)queue->revision, "success",
			 "request_delete_range", "key", queue->own);
}

/* What the n-th response of a transaction has found; NULL: odd. */
static const json_t *found(const json_t *answer, size_t n)
{
	const json_t *responses = json_object_get(answer, "responses");

	return json_object_get(json_array_get(responses, n), "response_range");
}

/* The n-th key of that; NULL: there are not so many. */
static const json_t *nth(const json_t *range, size_t n)
{
	return json_array_get(json_object_get(range, "kvs"), n);
}

static bool is_own(const struct queue *queue, const json_t *kv)
{
	const char *key = json_string_value(json_object_get(kv, "key"));

	return key && strcmp(key, queue->own) == 0;
}

/* The revision that an answer is of, after which there is another one; 0: none.
 */
static int64_t revision_of(const json_t *answer)
{
	const json_t *header = json_object_get(answer, "header");
	int64_t revision = number_get(header, "revision");

	return revision < INT64_MAX ? revision : 0;
}

/* Those before us, if any: the first of them is the last that came. */
static enum place take_ahead(struct queue *queue, const json_t *kv)
{
	const char *key = json_string_value(json_object_get(kv, "key"));

	if (kv && !key)
		return PLACE_ODD;
	set_ahead(queue, key);
	if (key && !queue->ahead)
		return PLACE_UNKNOWN; /* no memory: look again */
	return key ? PLACE_WAITING : PLACE_FIRST;
}

enum place queue_joined(struct queue *queue, const json_t *answer)
{
	bool put = json_is_true(json_object_get(answer, "succeeded"));
	const json_t *range = found(answer, put ? 1 : 0);
	const json_t *own = nth(range, 0);
	int64_t revision = number_get(own, "create_revision");

	if (!range || revision_of(answer) <= 0)
		return PLACE_ODD;
	if (!put && !own)
		return PLACE_NONE;
	if (!is_own(queue, own) || revision <= 1)
		return PLACE_ODD;
	queue->revision = revision;
	queue->seen = revision_of(answer);
	return put ? take_ahead(queue, nth(range, 1)) : PLACE_UNKNOWN;
}

/* A key of own name that is another one's has not our place. */
enum place queue_looked(struct queue *queue, const json_t *answer)
{
	const json_t *range = found(answer, 0);
	const json_t *before = found(answer, 1);
	const json_t *own = nth(range, 0);

	if (!range || !before || revision_of(answer) <= 0)
		return PLACE_ODD;
	queue->seen = revision_of(answer);
	if (!own || !is_own(queue, own) ||
	    number_get(own, "create_revision") != queue->revision)
		return PLACE_NONE;
	return take_ahead(queue, nth(before, 0));
}

json_t *queue_watch_body(const struct queue *queue)
{
	json_int_t start = queue->seen;

	return json_pack("{s:{s:s,s:s,s:I,s:[s]}}", "create_request", "key",
			 queue->first, "range_end", queue->end,
			 "start_revision", start + 1, "filters", "NOPUT");
}

bool queue_event(struct queue *queue, const json_t *event)
{
	const json_t *kv = json_object_get(event, "kv");
	const char *key = json_string_value(json_object_get(kv, "key"));
	int64_t revision = number_get(kv, "mod_revision");

	if (!key || !queue->own || revision <= queue->seen)
		return false;
	if (queue->changed < revision)
		queue->changed = revision;
	return is_own(queue, kv) ||
	       (queue->ahead && strcmp(key, queue->ahead) == 0);
}

bool queue_is_own(const struct queue *queue, const json_t *event)
{
	return is_own(queue, json_object_get(event, "kv"));
}

bool queue_outdated(const struct queue *queue)
{
	return queue->changed > queue->seen;
}
