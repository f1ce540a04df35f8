/* SPDX-License-Identifier: MIT */
/* reply.c - what became of a request: etcd's answer, or whose fault it is. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/etcd/post.h"

/* gRPC's codes, which etcd's JSON gateway passes on. */
enum {
	INVALID_ARGUMENT = 3,
	NOT_FOUND = 5,
	PERMISSION_DENIED = 7,
	UNAUTHENTICATED = 16,
};

__attribute__((format(printf, 4, 5))) static void
conclude(struct reply *reply, enum outcome outcome, int error,
	 const char *format, ...)
{
	va_list arguments;

	reply->outcome = outcome;
	reply->error = error;
	va_start(arguments, format);
	vsnprintf(reply->text, sizeof(reply->text), format, arguments);
	va_end(arguments);
}

/* What kind of failure it is, where libcurl alone knows. */
static int transport_error(CURLcode code, const char *text)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return -EKEYREJECTED;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_HTTP2:
	case CURLE_WRITE_ERROR:
		return -EPROTO;
	default:
		break;
	}
	/* TLS's word for "I do not accept you"; in TLS 1.3 it may come only
	 * with the answer. */
	if (strstr(text, "alert"))
		return -EKEYREJECTED;
	if (strstr(text, "wrong version number"))
		return -EPROTO;
	return -EHOSTUNREACH;
}

/* With TLS 1.3 the server sees our certificate last.  Its refusal may be lost
 * then: it closes, and what is sent to it fails before its word is read.  A
 * member that has just been killed does the same; so only before any contact
 * is it taken for that. */
static bool closed_after_handshake(const struct post *post, CURLcode code)
{
	curl_off_t handshake = 0;

	curl_easy_getinfo(post->easy, CURLINFO_APPCONNECT_TIME_T, &handshake);
	return (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
		code == CURLE_GOT_NOTHING) &&
	       handshake > 0 && !post->cluster->contacted;
}

/* Where http and https may have been mistaken for each other. */
static const char *hint_of(CURLcode code, const char *text)
{
	if (code == CURLE_GOT_NOTHING)
		return " (does it want https?)";
	if (code == CURLE_SSL_CONNECT_ERROR && !strstr(text, "alert"))
		return " (does it speak TLS?)";
	return "";
}

static void read_failure(const struct post *post, CURLcode code,
			 struct reply *reply)
{
	const char *text =
		post->error[0] ? post->error : curl_easy_strerror(code);

	if (code == CURLE_WRITE_ERROR)
		text = "its answer is too large for etcd's";
	if (closed_after_handshake(post, code)) {
		conclude(reply, FAILED, -EKEYREJECTED,
			 "it closed the connection after the TLS handshake, as "
			 "if it refused our certificate: %s",
			 text);
		return;
	}
	conclude(reply, FAILED, transport_error(code, text), "%s%s", text,
		 hint_of(code, text));
}

/* How a request to authenticate can fail has no code of its own. */
static bool about_credentials(const char *message)
{
	return strstr(message, "authentication failed") ||
	       strstr(message, "user name is empty");
}

/* An answer of etcd's that is an error. */
static void read_error(const struct post *post, long code, const char *message,
		       struct reply *reply)
{
	const struct cluster *cluster = post->cluster;

	if (strstr(message, "lease not found")) {
		conclude(reply, GONE, 0, "%s", message);
	} else if (code == UNAUTHENTICATED ||
		   strstr(message, "auth store is old") ||
		   (about_credentials(message) && cluster->settings->user &&
		    cluster->open)) {
		conclude(reply, UNAUTHENTIC, -EKEYREJECTED, "%s", message);
	} else if (strstr(message, "user name is empty")) {
		conclude(reply, REFUSED, -EKEYREJECTED,
			 "etcd wants a user and a password (for its JSON "
			 "gateway a certificate is none): %s",
			 message);
	} else if (about_credentials(message)) {
		conclude(reply, REFUSED, -EKEYREJECTED,
			 "etcd refuses user \"%s\": %s",
			 cluster->settings->user ? cluster->settings->user : "",
			 message);
	} else if (code == PERMISSION_DENIED) {
		conclude(reply, REFUSED, -EKEYREJECTED,
			 "etcd refuses user \"%.40s\": %s, for keys that begin "
			 "with \"%.60s\"",
			 cluster->settings->user ? cluster->settings->user : "",
			 message, cluster->settings->prefix);
	} else if (code == INVALID_ARGUMENT) {
		conclude(reply, FAILED, -EPROTO, "%s", message);
	} else {
		conclude(reply, FAILED, -EHOSTUNREACH, "%s", message);
	}
}

/* What is not JSON, or not etcd's.  It may be an echo of ours, so that it is
 * not for a text. */
static void read_stranger(const struct post *post, long status,
			  struct reply *reply)
{
	if (post->size > 0 && strstr(post->answer, "HTTP request to an HTTPS"))
		conclude(reply, FAILED, -EPROTO,
			 "it wants TLS: https:// instead of http://");
	else if (post->size > 0 && strstr(post->answer, "CommonName of client"))
		conclude(reply, REFUSED, -EKEYREJECTED,
			 "where users have passwords, etcd's JSON gateway "
			 "refuses client certificates with a common name (CN)");
	else if (status >= 500)
		conclude(reply, FAILED, -EHOSTUNREACH, "HTTP status %ld",
			 status);
	else if (status == 404)
		conclude(reply, FAILED, -EPROTO,
			 "nothing of etcd's at /v3 (HTTP status 404): it must "
			 "be etcd 3.4 or later, with its JSON gateway");
	else
		conclude(reply, FAILED, -EPROTO,
			 "it does not answer as etcd v3 (HTTP status %ld)",
			 status);
}

/* Streams, which keepalives are too, wrap what they say. */
static json_t *unwrap(json_t *json)
{
	json_t *inner = json_object_get(json, "result");

	if (!inner)
		inner = json_object_get(json, "error");
	return json_is_object(inner) ? inner : json;
}

static long error_code(const json_t *error)
{
	const json_t *code = json_object_get(error, "code");

	if (!code)
		code = json_object_get(error, "grpc_code");
	return (long)json_integer_value(code);
}

void post_end(struct post *post, CURLcode code, struct reply *reply)
{
	json_t *json, *content;
	const char *message;
	long status = 0;

	memset(reply, 0, sizeof(*reply));
	post_cancel(post);
	if (code != CURLE_OK) {
		read_failure(post, code, reply);
		return;
	}
	curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
	json = post->size > 0 ? json_loadb(post->answer, post->size,
					   JSON_DISABLE_EOF_CHECK, NULL)
			      : NULL;
	content = unwrap(json);
	message = json_string_value(json_object_get(content, "message"));
	if (!message)
		message = json_string_value(json_object_get(content, "error"));
	if (message)
		read_error(post, error_code(content), message, reply);
	else if (status != 200 || !json_is_object(content))
		read_stranger(post, status, reply);
	else if (!cluster_same(post->cluster, content))
		conclude(reply, FAILED, -EPROTO,
			 "it belongs to another cluster than an endpoint that "
			 "answered before");
	else
		reply->json = json_incref(content);
	json_decref(json);
}
