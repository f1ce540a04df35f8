/* SPDX-License-Identifier: MIT */
/* test_session_garbled.c - portlock-session when what answers is not etcd, or
 * half of it: clear errors, another try, and never a lock.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/etcd/helper.h"
#include "tests/etcd/proxy.h"

#define OK "HTTP/1.1 200 OK\r\nConnection: close\r\n"
#define PUT                                                                    \
	"{\"header\":{\"revision\":\"9\"},\"succeeded\":true,\"responses\":["  \
	"{\"response_put\":{}},{\"response_range\":{\"kvs\":["
#define TUP "]}}]}"
#define LARGE (3 << 19) /* more than any answer of etcd's */

/* What is sent instead of an answer, and for what it is taken. */
static const struct {
	const char *text;
	size_t spaces;
	int error;
} answers[] = {
	{ "", 0, -EHOSTUNREACH },
	{ "HTTP/1.1 200 OK\r\n", 0, -EPROTO },
	{ "+PONG\r\n", 0, -EPROTO },
	{ OK "\r\n", 0, -EPROTO },
	{ OK "\r\nhello\n", 0, -EPROTO },
	{ OK "\r\n{\"header\":{\"revision\":", 0, -EPROTO },
	{ OK "Content-Length: 99\r\n\r\n{\"header\":", 0, -EHOSTUNREACH },
	{ OK "\r\n[{\"header\":{}}]", 0, -EPROTO },
	{ OK "\r\n{}", 0, -EPROTO },
	{ OK "\r\n" PUT "{}" TUP, 0, -EPROTO },
	{ OK "\r\n" PUT "{\"key\":\"a2V5\",\"create_revision\":\"9\"}" TUP, 0,
	  -EPROTO },
	{ OK "\r\n{\"header\":7,\"ID\":{},\"TTL\":[],\"responses\":\"\"}", 0,
	  -EPROTO },
	{ OK "\r\n{\"ID\":\"-5\",\"TTL\":\"5\"}", 0, -EPROTO },
	{ OK "\r\n{\"ID\":\"5\",\"TTL\":\"99999999999999999999\"}", 0,
	  -EPROTO },
	{ OK "\r\n{", LARGE, -EPROTO },
	{ "HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", 0, -EHOSTUNREACH },
	{ "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", 0,
	  -EPROTO },
};
#define ANSWERS (sizeof(answers) / sizeof(answers[0]))

/* Requests with the mark get the n-th of them, for a while. */
static void check_answer(const char *key, const char *mark, size_t n)
{
	static struct etcd_key keys[KEYS_LISTED];
	bool final = answers[n].error == -EPROTO;
	struct proxy *proxy = proxy_start(etcd->members[0].port, mark);
	struct session_answer answer;
	struct helper helper;

	proxy_answer(proxy, PROXY_ALWAYS, answers[n].text, answers[n].spaces);
	helper_open(&helper, etcd, key, setting(SESSION_ENDPOINTS, proxy->url));
	helper_ask(&helper, SESSION_ACQUIRE);
	answer = helper_expect(&helper,
			       final ? SESSION_FAILED : SESSION_TROUBLE);
	if (answer.error != answers[n].error)
		print_error("%s: \"%s\": %d: %s\n", mark, answers[n].text,
			    answer.error, answer.text);
	assert_int_equal(answer.error, answers[n].error);
	assert_non_null(strstr(answer.text, proxy->url));
	/* It could be what it was sent: a password. */
	assert_null(strstr(answer.text, "hello"));
	if (answers[n].spaces > 0)
		assert_non_null(strstr(answer.text, "too large"));
	assert_int_equal(helper_left(&helper), 0);
	proxy_pass(proxy);
	if (final)
		helper_ask(&helper, SESSION_ACQUIRE);
	answer = helper_await(&helper, SESSION_GRANTED);
	assert_int_equal(etcd_queue(etcd, key, keys), 1);
	assert_int_equal(answer.revision, keys[0].create_revision);
	helper_end(&helper);
	etcd_wait_queue(etcd, key, 0);
}

static void a_lease_that_is_none_is_no_lock(void **state)
{
	for (size_t n = 0; n < ANSWERS; n++)
		check_answer(((struct key *)*state)->text, "lease/grant", n);
}

static void a_place_that_is_none_is_no_lock(void **state)
{
	for (size_t n = 0; n < ANSWERS; n++)
		check_answer(((struct key *)*state)->text, "request_put", n);
}

/* Once it is asked again in time; always, the lease cannot be relied upon. */
static void a_keepalive_that_is_none_is_sent_again(void **state)
{
	static const char garbage[] = OK "\r\n{\"result\":{}}\n";
	const struct key *key = *state;
	struct proxy *once =
		proxy_start(etcd->members[0].port, "lease/keepalive");
	struct proxy *always =
		proxy_start(etcd->members[0].port, "lease/keepalive");
	struct session_answer answer;
	struct helper a, b;

	proxy_answer(once, 2, garbage, 0);
	proxy_answer(always, PROXY_ALWAYS, garbage, 0);
	helper_open(&a, etcd, key->text, setting(SESSION_ENDPOINTS, once->url));
	helper_open(&b, etcd, "another",
		    setting(SESSION_ENDPOINTS, always->url));
	helper_take(&a);
	helper_take(&b);
	proxy_wait(once, 4);
	answer = helper_expect(&b, SESSION_LOST);
	assert_int_equal(helper_left(&b), 0);
	assert_non_null(strstr(answer.text, "no keepalive was answered"));
	helper_is_silent(&a);
	assert_true(helper_left(&a) > 0);
	helper_end(&a);
	helper_ask(&b, SESSION_RELEASE);
	helper_end(&b);
}

int main(void)
{
	const struct etcd_plan plan = { 0 };
	const struct CMUnitTest tests[] = {
		with_key(a_lease_that_is_none_is_no_lock),
		with_key(a_place_that_is_none_is_no_lock),
		with_key(a_keepalive_that_is_none_is_sent_again),
	};

	return helper_tests(&plan, tests);
}
