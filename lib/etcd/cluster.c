/* SPDX-License-Identifier: MIT */
/* cluster.c - the endpoints: which one is asked, and how each has answered. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/etcd/cluster.h"
#include "lib/etcd/secret.h"

/* All endpoints can be tried within a third of the TTL, the time between two
 * keepalives; but a slow disk or a far host must have a chance. */
#define ATTEMPT_MIN 250 /* ms */
#define ATTEMPT_MAX 2000

void cluster_set(struct cluster *cluster, const struct settings *settings,
		 CURLM *multi)
{
	long attempt;

	memset(cluster, 0, sizeof(*cluster));
	cluster->settings = settings;
	cluster->multi = multi;
	cluster->count = settings->endpoint_count;
	for (unsigned i = 0; i < cluster->count; i++)
		cluster->endpoints[i].url = settings->endpoints[i];
	attempt = settings->ttl * 1000 / 3 / (cluster->count + 1);
	if (attempt < ATTEMPT_MIN)
		attempt = ATTEMPT_MIN;
	if (attempt > ATTEMPT_MAX)
		attempt = ATTEMPT_MAX;
	cluster->attempt = attempt;
	cluster->open = !settings->user;
}

void cluster_free(struct cluster *cluster)
{
	free(cluster->id);
	secret_free(cluster->token);
}

long cluster_connect_time(const struct cluster *cluster, unsigned endpoint)
{
	if (cluster->contacted || cluster->endpoints[endpoint].error)
		return cluster->attempt;
	return ATTEMPT_MIN;
}

void cluster_good(struct cluster *cluster, unsigned endpoint)
{
	cluster->endpoints[endpoint].error = 0;
	cluster->contacted = true;
}

void cluster_bad(struct cluster *cluster, unsigned endpoint, int error,
		 const char *text)
{
	struct endpoint *bad = &cluster->endpoints[endpoint];

	bad->error = error;
	snprintf(bad->text, sizeof(bad->text), "%s: %s", bad->url, text);
	if (endpoint == cluster->current)
		cluster->current = (endpoint + 1) % cluster->count;
}

void cluster_forget(struct cluster *cluster)
{
	for (unsigned i = 0; i < cluster->count; i++)
		cluster->endpoints[i].error = 0;
}

int cluster_error(const struct cluster *cluster, const struct endpoint **worst)
{
	*worst = NULL;
	for (unsigned i = 0; i < cluster->count; i++) {
		const struct endpoint *endpoint = &cluster->endpoints[i];

		if (endpoint->error == 0)
			return 0;
		if (!*worst || (*worst)->error == -EHOSTUNREACH)
			*worst = endpoint;
	}
	return *worst ? (*worst)->error : 0;
}

bool cluster_hopeless(const struct cluster *cluster)
{
	for (unsigned i = 0; i < cluster->count; i++) {
		int error = cluster->endpoints[i].error;

		if (error != -EKEYREJECTED && error != -EPROTO)
			return false;
	}
	return cluster->count > 0;
}

bool cluster_same(struct cluster *cluster, const json_t *answer)
{
	const json_t *header = json_object_get(answer, "header");
	const char *id =
		json_string_value(json_object_get(header, "cluster_id"));

	if (!id)
		return true;
	if (!cluster->id)
		cluster->id = strdup(id);
	return !cluster->id || strcmp(cluster->id, id) == 0;
}
