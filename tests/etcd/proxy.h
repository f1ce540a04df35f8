/* SPDX-License-Identifier: MIT */
/* proxy.h - stands between a portlock-session and its etcd, passes everything
 * on, and keeps one request to send it again when that is not wanted any more.
 */
#ifndef PORTLOCK_TESTS_ETCD_PROXY_H
#define PORTLOCK_TESTS_ETCD_PROXY_H

#include <stdatomic.h>
#include <stddef.h>

#define REQUEST_MAX 16384

struct proxy {
	char url[64];	  /* its own */
	int port;	  /* of etcd, on 127.0.0.1, without TLS */
	const char *mark; /* the last request with this text is kept */
	atomic_int kept;  /* how many there were */
	size_t length;
	char request[REQUEST_MAX];
};

/* Starts one, a child of the test, that ends with it. */
struct proxy *proxy_start(int port, const char *mark);

/* Sends the request that is kept to etcd once more, and returns when that has
 * answered it with "200 OK". */
void proxy_repeat(const struct proxy *proxy);

#endif
