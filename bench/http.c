/* SPDX-License-Identifier: MIT */
/* http.c - the barest client of etcd's JSON gateway: one connection, kept. */
#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench/http.h"

#define SCHEME "http://"
#define PORT "2379"
#define PATIENCE 10 /* s, for an answer */

#define HEAD_END "\r\n\r\n"
#define LENGTH "\r\nContent-Length:"

/* ---- the connection ------------------------------------------------------- */

/* HOST[:PORT], and its parts without the brackets of an IPv6 address. */
struct place {
	char all[256], host[256], port[16];
};

static bool read_url(const char *url, struct place *place)
{
	const char *host = url + strlen(SCHEME), *end, *colon;
	size_t size;

	if (strncasecmp(url, SCHEME, strlen(SCHEME)) != 0)
		return false;
	size = strcspn(host, "/");
	if (size == 0 || size >= sizeof(place->all) ||
	    (host[size] && host[size + 1]))
		return false;
	snprintf(place->all, sizeof(place->all), "%.*s", (int)size, host);
	host = place->all;
	end = *host == '[' ? strchr(host, ']') : NULL;
	colon = strchr(end ? end : host, ':');
	host += *host == '[';
	end = end ? end : colon;
	snprintf(place->host, sizeof(place->host), "%.*s",
		 end ? (int)(end - host) : (int)strlen(host), host);
	return snprintf(place->port, sizeof(place->port), "%s",
			colon ? colon + 1 : PORT) < (int)sizeof(place->port);
}

bool http_understands(const char *url)
{
	struct place place;

	return read_url(url, &place);
}

static bool complain(struct http *http, const char *what, const char *why)
{
	snprintf(http->error, sizeof(http->error), "%s: %s%s%s", http->host,
		 what, *why ? ": " : "", why);
	return false;
}

static int connect_to(const struct addrinfo *address)
{
	static const struct timeval patience = { .tv_sec = PATIENCE };
	static const int on = 1;
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
		return fd;
	close(fd);
	return -1;
}

bool http_open(struct http *http, const char *url)
{
	struct addrinfo wanted = { .ai_socktype = SOCK_STREAM }, *found;
	struct place place;
	int error;

	http->socket = -1;
	snprintf(http->host, sizeof(http->host), "%s", url);
	if (!read_url(url, &place))
		return complain(http, "is no URL such as http://HOST:2379", "");
	memcpy(http->host, place.all, sizeof(http->host));
	error = getaddrinfo(place.host, place.port, &wanted, &found);
	if (error)
		return complain(http, "unknown host", gai_strerror(error));
	for (struct addrinfo *each = found; each && http->socket < 0;
	     each = each->ai_next)
		http->socket = connect_to(each);
	freeaddrinfo(found);
	return http->socket >= 0 ||
	       complain(http, "cannot connect", strerror(errno));
}

void http_close(struct http *http)
{
	if (http->socket >= 0)
		close(http->socket);
	http->socket = -1;
}

/* ---- a request and its reply ---------------------------------------------- */

static bool send_request(struct http *http, const char *path, const char *body)
{
	int size = snprintf(http->message, sizeof(http->message),
			    "POST %s HTTP/1.1\r\nHost: %s\r\n"
			    "Content-Type: application/json\r\n"
			    "Content-Length: %zu" HEAD_END "%s",
			    path, http->host, strlen(body), body);

	if (size >= (int)sizeof(http->message))
		return complain(http, "the request is too long", "");
	if (send(http->socket, http->message, (size_t)size, MSG_NOSIGNAL) !=
	    size)
		return complain(http, "cannot send", strerror(errno));
	return true;
}

/* Where the body begins, and how long it will be; NULL: not all of the head is
 * there yet. */
static const char *find_body(const char *message, size_t *length)
{
	const char *end = strstr(message, HEAD_END);
	const char *field = strcasestr(message, LENGTH);

	if (!end)
		return NULL;
	*length = field && field < end
			  ? strtoul(field + strlen(LENGTH), NULL, 10)
			  : 0;
	return end + strlen(HEAD_END);
}

/* All of it: the body, or NULL. */
static const char *receive_reply(struct http *http, size_t *length)
{
	const size_t room = sizeof(http->message) - 1;
	size_t size = 0;

	while (size < room) {
		ssize_t got = recv(http->socket, http->message + size,
				   room - size, 0);
		const char *body;

		if (got <= 0) {
			complain(http, "no answer",
				 got < 0 ? strerror(errno)
					 : "the connection was closed");
			return NULL;
		}
		size += (size_t)got;
		http->message[size] = '\0';
		body = find_body(http->message, length);
		if (body && size >= (size_t)(body - http->message) + *length)
			return body;
	}
	complain(http, "the answer is too long", "");
	return NULL;
}

json_t *http_post(struct http *http, const char *path, const char *body)
{
	const char *reply;
	json_t *json;
	size_t length;
	int status = 0;

	if (!send_request(http, path, body))
		return NULL;
	reply = receive_reply(http, &length);
	if (!reply)
		return NULL;
	sscanf(http->message, "HTTP/1.%*d %d", &status);
	if (status != 200) {
		complain(http, path, reply);
		return NULL;
	}
	json = json_loadb(reply, length, 0, NULL);
	if (!json)
		complain(http, path, "the answer is not JSON");
	return json;
}
