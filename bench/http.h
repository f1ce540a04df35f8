/* SPDX-License-Identifier: MIT */
/* http.h - the barest client of etcd's JSON gateway: one connection, kept.
 *
 * It is what portlock-session is compared with, so it has nothing that a round
 * trip does not need: no TLS, no second address, no second try.
 */
#ifndef PORTLOCK_BENCH_HTTP_H
#define PORTLOCK_BENCH_HTTP_H

#include <jansson.h>
#include <stdbool.h>

#define HTTP_MESSAGE_MAX 8192

struct http {
	int socket; /* -1: none */
	char host[256];
	char message[HTTP_MESSAGE_MAX];
	char error[512]; /* what went wrong with the last call */
};

/* Whether the URL is one that http_open() can read: http://HOST[:PORT][/]. */
bool http_understands(const char *url);

/* Connects.  False, with an error. */
bool http_open(struct http *http, const char *url);

/* The reply, which is the caller's then; NULL, with an error, if there is none,
 * it is none of JSON, or its status is not 200. */
json_t *http_post(struct http *http, const char *path, const char *body);

void http_close(struct http *http);

#endif
