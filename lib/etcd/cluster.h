/* SPDX-License-Identifier: MIT */
/* cluster.h - the endpoints: which one is asked, and how each has answered. */
#ifndef PORTLOCK_ETCD_CLUSTER_H
#define PORTLOCK_ETCD_CLUSTER_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/etcd/settings.h"

#define CLUSTER_TEXT 200

struct endpoint {
	const char *url;
	int error; /* of its last answer; 0: none yet, or a good one */
	char text[CLUSTER_TEXT];
};

struct cluster {
	const struct settings *settings;
	CURLM *multi;
	struct endpoint endpoints[ENDPOINTS_MAX];
	unsigned count, current;
	long attempt;	/* ms: the most that one endpoint may take */
	bool contacted; /* one has answered well, once */
	char *id;	/* etcd's own, once it is known */
	char *token;	/* goes with requests; NULL: none */
	bool open;	/* asks for no password */
};

void cluster_set(struct cluster *cluster, const struct settings *settings,
		 CURLM *multi);
void cluster_free(struct cluster *cluster);

/* How long a connection to one may take to be made, in ms.  At first it is not
 * long: what swallows all packets must not take the time of those who answer.
 * If none does, far hosts and slow names have their chance. */
long cluster_connect_time(const struct cluster *cluster, unsigned endpoint);

/* An endpoint has answered. */
void cluster_good(struct cluster *cluster, unsigned endpoint);

/* It has not, or not as it should; the next one is asked from now on. */
void cluster_bad(struct cluster *cluster, unsigned endpoint, int error,
		 const char *text);

/* What is known of the endpoints is old: all may be asked again. */
void cluster_forget(struct cluster *cluster);

/* The error of all endpoints, if there is none that works, and which endpoint
 * tells it best; 0: some may work. */
int cluster_error(const struct cluster *cluster, const struct endpoint **worst);

/* Whether waiting cannot mend it: -EKEYREJECTED, -EPROTO by all of them. */
bool cluster_hopeless(const struct cluster *cluster);

/* The cluster's id in an answer's header; false: it is another cluster's. */
bool cluster_same(struct cluster *cluster, const json_t *answer);

#endif
