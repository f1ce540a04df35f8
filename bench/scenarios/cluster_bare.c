/* SPDX-License-Identifier: MIT */
/* cluster_bare.c - the requests that a lock in etcd cannot do without. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/etcd.h"
#include "bench/fail.h"
#include "bench/scenarios/cluster_bare.h"

/* As long as portlock's: {"host":"...","pid":...,"command":"..."}, encoded. */
#define VALUE                                                                  \
	"eyJob3N0IjoiYmVuY2giLCJwaWQiOjEyMzQ1LCJjb21tYW5kIjoicG9ydGxvY2siLCJz" \
	"aW5jZSI6IjIwMjYtMTEtMjJUMTI6MDA6MDBaIn0="

static void encode(const char *text, char *base64)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i += 3) {
		unsigned bits = (unsigned char)text[i] << 16;

		if (i + 1 < length)
			bits |= (unsigned)(unsigned char)text[i + 1] << 8;
		if (i + 2 < length)
			bits |= (unsigned char)text[i + 2];
		*base64++ = digits[bits >> 18];
		*base64++ = digits[bits >> 12 & 63];
		*base64++ = i + 1 < length ? digits[bits >> 6 & 63] : '=';
		*base64++ = i + 2 < length ? digits[bits & 63] : '=';
	}
	*base64 = '\0';
}

static json_t *post(struct bare *bare, const char *path, const char *body)
{
	json_t *reply = http_post(&bare->http, path, body);

	if (!reply)
		fail("etcd: %s", bare->http.error);
	return reply;
}

/* Its revision. */
static long long transact(struct bare *bare, const char *body)
{
	json_t *reply = post(bare, "/v3/kv/txn", body);
	json_t *header = json_object_get(reply, "header");
	const char *revision =
		json_string_value(json_object_get(header, "revision"));
	long long number = revision ? atoll(revision) : 0;

	if (!json_is_true(json_object_get(reply, "succeeded")) || number == 0)
		fail("etcd: a transaction failed on a key that is nobody "
		     "else's");
	json_decref(reply);
	return number;
}

void bare_begin(struct bare *bare, const char *name)
{
	char key[sizeof(bare->key) / 4 * 3 - 3];

	snprintf(key, sizeof(key), "%s-bare", name);
	encode(key, bare->key);
	*bare->lease = '\0';
	etcd_connect(&bare->http);
}

void bare_end(struct bare *bare)
{
	http_close(&bare->http);
}

void bare_grant(struct bare *bare, int ttl)
{
	char body[64];
	const char *id;
	json_t *reply;

	snprintf(body, sizeof(body), "{\"TTL\":%d}", ttl);
	reply = post(bare, "/v3/lease/grant", body);
	id = json_string_value(json_object_get(reply, "ID"));
	if (!id)
		fail("etcd grants a lease without a number");
	snprintf(bare->lease, sizeof(bare->lease), "%s", id);
	json_decref(reply);
}

void bare_put(struct bare *bare)
{
	char body[1024];

	snprintf(body, sizeof(body),
		 "{\"compare\":[{\"key\":\"%s\",\"target\":\"CREATE\","
		 "\"result\":\"EQUAL\",\"create_revision\":0}],"
		 "\"success\":[{\"request_put\":{\"key\":\"%s\","
		 "\"value\":\"%s\",\"lease\":%s}}]}",
		 bare->key, bare->key, VALUE, bare->lease);
	bare->revision = transact(bare, body);
}

void bare_delete(struct bare *bare)
{
	char body[1024];

	snprintf(body, sizeof(body),
		 "{\"compare\":[{\"key\":\"%s\",\"target\":\"CREATE\","
		 "\"result\":\"EQUAL\",\"create_revision\":%lld}],"
		 "\"success\":[{\"request_delete_range\":{\"key\":\"%s\"}}]}",
		 bare->key, bare->revision, bare->key);
	transact(bare, body);
}

void bare_revoke(struct bare *bare)
{
	char body[64];

	snprintf(body, sizeof(body), "{\"ID\":%s}", bare->lease);
	json_decref(post(bare, "/v3/lease/revoke", body));
	*bare->lease = '\0';
}
