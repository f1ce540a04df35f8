/* SPDX-License-Identifier: MIT */
/* post.h - one request to one endpoint, in flight, and what became of it. */
#ifndef PORTLOCK_ETCD_POST_H
#define PORTLOCK_ETCD_POST_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/etcd/cluster.h"

/* The largest answer, and line of a stream, that is read. */
#define POST_ANSWER_MAX ((size_t)1 << 20)

struct post {
	struct cluster *cluster;
	CURL *easy;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	char *body;   /* while it is in flight */
	char *answer; /* ends with a NUL byte */
	size_t size, room;
	size_t read;	   /* of it: lines that were taken */
	bool busy;	   /* in flight */
	bool stream;	   /* it has no end */
	bool slow;	   /* at work in etcd: twice the time of others */
	unsigned endpoint; /* that is asked */
	int64_t sent;	   /* when */
	int64_t again;	   /* not before this time */
	int64_t pause;	   /* how long it was last time; 0: all is well */
};

enum outcome {
	ANSWERED,    /* json is the answer, an object */
	GONE,	     /* etcd does not know that lease */
	UNAUTHENTIC, /* the token is old, or one is needed */
	REFUSED,     /* etcd says no, and will again: error and text */
	FAILED,	     /* that endpoint is of no use now: error and text */
};

struct reply {
	enum outcome outcome;
	int error;
	json_t *json;
	char text[CLUSTER_TEXT];
};

/* Sends body (which is used up; NULL: no memory) to /v3/PATH of the cluster's
 * current endpoint.  A failure is a FAILED reply, later. */
void post_start(struct post *post, struct cluster *cluster, const char *path,
		json_t *body);

/* The same, for an answer that never ends. */
void post_stream(struct post *post, struct cluster *cluster, const char *path,
		 json_t *body);

/* Gives it up: whether it is carried out, nobody knows. */
void post_cancel(struct post *post);
void post_free(struct post *post);

/* It has ended: reads the reply. */
void post_end(struct post *post, CURLcode code, struct reply *reply);

/* The next line of a stream, or NULL; it lasts until the next call. */
json_t *post_line(struct post *post);

/* It went well; or the endpoint failed: when it may be sent again. */
void post_good(struct post *post);
void post_bad(struct post *post, int error, const char *text);

/* It is not sent again at once, and each time later. */
void post_rest(struct post *post);

#endif
