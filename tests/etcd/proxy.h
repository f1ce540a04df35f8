/* SPDX-License-Identifier: MIT */
/* proxy.h - stands between a portlock-session and its etcd, and passes on what
 * they say.  It tells what was asked for.  Requests with a mark are kept, to
 * send them again when that is not wanted any more; held back; or answered by
 * something else than etcd.
 */
#ifndef PORTLOCK_TESTS_ETCD_PROXY_H
#define PORTLOCK_TESTS_ETCD_PROXY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_MAX 16384
#define ANSWER_MAX (2 << 20)
#define REQUESTS_TOLD 1024

struct proxy {
	char url[64];	  /* its own */
	int port;	  /* of etcd, on 127.0.0.1, without TLS */
	const char *mark; /* a text in requests */
	atomic_int kept;  /* how many had it; this is the last one: */
	size_t length;
	char request[REQUEST_MAX];
	_Atomic int64_t came;  /* when it did */
	_Atomic int64_t delay; /* before they are passed on, ns */
	atomic_bool held;      /* they are */
	atomic_bool late;      /* their answers are */
	atomic_int come;       /* answers that are late */
	atomic_int passed;     /* parts of others, that were passed on */
	atomic_int answered;   /* so many are, from now on */
	size_t size;
	char answer[ANSWER_MAX];
	atomic_int count; /* of all requests; what each asked for: */
	char paths[REQUESTS_TOLD][24];
};

/* Starts one, a child of the test, that ends with it. */
struct proxy *proxy_start(int port, const char *mark);

/* Sends the request that is kept to etcd once more, and returns when that has
 * answered it with "200 OK". */
void proxy_repeat(const struct proxy *proxy);

/* Returns when so many requests with the mark have come. */
void proxy_wait(struct proxy *proxy, int count);

/* The next so many requests with the mark get this text instead of an answer,
 * with so many spaces behind it; and then their connections end. */
#define PROXY_ALWAYS 1000000
void proxy_answer(struct proxy *proxy, int count, const char *text,
		  size_t spaces);

/* They get none, until proxy_pass(): all is passed on again. */
void proxy_hold(struct proxy *proxy);
void proxy_pass(struct proxy *proxy);

/* Those with the mark are passed on, and their answers kept until proxy_pass().
 */
void proxy_delay_answers(struct proxy *proxy);

#endif
