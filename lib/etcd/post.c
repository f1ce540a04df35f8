/* SPDX-License-Identifier: MIT */
/* post.c - one request to one endpoint, in flight. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/etcd/clock.h"
#include "lib/etcd/post.h"
#include "lib/etcd/secret.h"

/* After all endpoints have failed. */
#define PAUSE_MIN (50 * MSEC)
#define PAUSE_MAX (1000 * MSEC)

/* libcurl's callback: nothing else may be done in it. */
static size_t keep_answer(char *data, size_t one, size_t size, void *context)
{
	struct post *post = context;

	size *= one;
	if (size > POST_ANSWER_MAX - post->size)
		return 0;
	if (post->size + size + 1 > post->room) {
		size_t room = 2 * (post->size + size) + 1;
		char *more = secret_realloc(post->answer, room);

		if (!more)
			return 0;
		post->answer = more;
		post->room = room;
	}
	memcpy(post->answer + post->size, data, size);
	post->size += size;
	post->answer[post->size] = '\0';
	return size;
}

static void set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
			 (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Who gives up a name that nobody resolves does not wait for it. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

/* What is the same for all requests.  Each has a connection of its own: those
 * of HTTP/2 would share one. */
static CURL *make_easy(struct post *post, const struct settings *settings)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		return NULL;
	set_protocols(easy);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 5L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->error);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
	if (settings->ca) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca);
		/* That authority alone, not also those of the system. */
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	curl_easy_setopt(easy, CURLOPT_SSLCERT, settings->certificate);
	curl_easy_setopt(easy, CURLOPT_SSLKEY, settings->certificate_key);
	return easy;
}

static int add_header(struct post *post, const char *header)
{
	struct curl_slist *more = curl_slist_append(post->headers, header);

	if (!more)
		return -ENOMEM;
	post->headers = more;
	return 0;
}

/* A member that knows no leader says so at once, and ends streams. */
static int make_headers(struct post *post)
{
	const char *token = post->cluster->token;
	char *header = NULL;
	int error;

	curl_slist_free_all(post->headers);
	post->headers = NULL;
	if ((error = add_header(post, "Content-Type: application/json")) ||
	    (error = add_header(post, "Expect:")) ||
	    (error = add_header(post, "Grpc-Metadata-hasleader: true")))
		return error;
	if (token) {
		if (asprintf(&header, "Authorization: %s", token) < 0)
			return -ENOMEM;
		error = add_header(post, header);
		secret_free(header);
	}
	return error;
}

/* All that a request needs; false: no memory. */
static bool prepare(struct post *post, const char *path, json_t *body)
{
	struct cluster *cluster = post->cluster;
	long limit = cluster->attempt * (post->slow ? 2 : 1);
	char *url = NULL;

	post->body = body ? json_dumps(body, JSON_COMPACT) : NULL;
	if (!post->easy)
		post->easy = make_easy(post, cluster->settings);
	if (!post->body || !post->easy || make_headers(post) != 0 ||
	    asprintf(&url, "%s/v3/%s", cluster->endpoints[post->endpoint].url,
		     path) < 0)
		return false;
	curl_easy_setopt(post->easy, CURLOPT_URL, url);
	curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, post->headers);
	curl_easy_setopt(post->easy, CURLOPT_POSTFIELDS, post->body);
	curl_easy_setopt(post->easy, CURLOPT_CONNECTTIMEOUT_MS,
			 cluster_connect_time(cluster, post->endpoint));
	curl_easy_setopt(post->easy, CURLOPT_TIMEOUT_MS,
			 post->stream ? 0L : limit);
	free(url);
	return true;
}

static void start(struct post *post, struct cluster *cluster, const char *path,
		  json_t *body)
{
	post_cancel(post);
	post->cluster = cluster;
	post->endpoint = cluster->current;
	post->size = post->read = 0;
	post->error[0] = '\0';
	if (post->answer)
		post->answer[0] = '\0';
	post->sent = now_ns();
	if (prepare(post, path, body) &&
	    curl_multi_add_handle(cluster->multi, post->easy) == CURLM_OK)
		post->busy = true;
	else
		post_bad(post, -EHOSTUNREACH, "out of memory");
	json_decref(body);
}

void post_start(struct post *post, struct cluster *cluster, const char *path,
		json_t *body)
{
	post->stream = false;
	start(post, cluster, path, body);
}

void post_stream(struct post *post, struct cluster *cluster, const char *path,
		 json_t *body)
{
	post->stream = true;
	start(post, cluster, path, body);
}

void post_cancel(struct post *post)
{
	if (post->busy)
		curl_multi_remove_handle(post->cluster->multi, post->easy);
	post->busy = false;
	/* That of a login has a password in it. */
	secret_free(post->body);
	post->body = NULL;
}

void post_free(struct post *post)
{
	post_cancel(post);
	if (post->easy)
		curl_easy_cleanup(post->easy);
	curl_slist_free_all(post->headers);
	secret_free(post->answer);
	memset(post, 0, sizeof(*post));
}

/* Once for all lines that have come, not for each: there may be a million. */
static void forget_lines(struct post *post)
{
	if (!post->answer)
		return;
	post->size -= post->read;
	if (post->read > 0)
		memmove(post->answer, post->answer + post->read,
			post->size + 1);
	post->read = 0;
}

json_t *post_line(struct post *post)
{
	size_t left = post->size - post->read, length;
	const char *start = left > 0 ? post->answer + post->read : NULL;
	const char *end = start ? memchr(start, '\n', left) : NULL;
	json_t *line;

	if (!end) {
		forget_lines(post);
		return NULL;
	}
	length = (size_t)(end - start);
	line = json_loadb(start, length, 0, NULL);
	post->read += length + 1;
	return line ? line : json_object();
}

void post_good(struct post *post)
{
	cluster_good(post->cluster, post->endpoint);
	post->pause = 0;
	post->again = 0;
}

void post_rest(struct post *post)
{
	post->pause = post->pause == 0 ? PAUSE_MIN : 2 * post->pause;
	if (post->pause > PAUSE_MAX)
		post->pause = PAUSE_MAX;
	post->again = now_ns() + post->pause;
}

/* The next endpoint is asked at once; if there is none that might work, they
 * all have a rest. */
void post_bad(struct post *post, int error, const char *text)
{
	const struct endpoint *worst;

	cluster_bad(post->cluster, post->endpoint, error, text);
	if (cluster_error(post->cluster, &worst) != 0)
		post_rest(post);
}
