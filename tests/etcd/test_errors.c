/* SPDX-License-Identifier: MIT */
/* test_errors.c - what is wrong with endpoints, credentials, certificates and
 * settings is told at once, or as soon as the timeout allows.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/etcd/cluster.h"
#include "tests/etcd/hosts.h"

static struct etcd *etcd; /* with certificates and passwords */

/* With what etcd wants; tests put in what it does not. */
static struct portlock_options good_options(void)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;

	options.transport = "etcd";
	options.endpoints = etcd->endpoints;
	options.ca_file = etcd->ca;
	options.cert_file = etcd->certificate;
	options.key_file = etcd->certificate_key;
	options.user = ETCD_USER;
	options.password = ETCD_PASSWORD;
	options.timeout_ms = 20000;
	return options;
}

/* The acquire ends like that, and the text tells so much. */
static void expect(void **state, const struct portlock_options *options,
		   int result, const char *mention)
{
	struct key *key = *state;
	portlock_t *lock;
	char text[256];
	int error;

	assert_int_equal(portlock_open(&lock, key->text, options), 0);
	error = portlock_acquire(lock);
	assert_int_equal(portlock_detail(lock, text, sizeof(text)), 0);
	portlock_close(lock);
	if (error != result || !strstr(text, mention))
		fail_msg("%s: %s; expected %s: %s", strerror(-error), text,
			 strerror(-result), mention);
	assert_null(strstr(text, ETCD_PASSWORD));
	wait_sessions(NULL, 0);
}

static void what_is_right_is_granted(void **state)
{
	struct portlock_options options = good_options();

	expect(state, &options, 0, "");
}

static void a_wrong_password_is_refused(void **state)
{
	struct portlock_options options = good_options();

	options.password = "another one";
	expect(state, &options, -EKEYREJECTED, "user \"" ETCD_USER "\"");
}

static void no_user_is_refused(void **state)
{
	struct portlock_options options = good_options();

	options.user = options.password = NULL;
	expect(state, &options, -EKEYREJECTED, "a user and a password");
}

static void a_prefix_that_is_not_the_users_is_refused(void **state)
{
	struct portlock_options options = good_options();

	options.prefix = "others/";
	expect(state, &options, -EKEYREJECTED, "\"others/\"");
}

static void a_server_of_another_authority_is_refused(void **state)
{
	struct portlock_options options = good_options();

	options.ca_file = etcd->wrong_ca;
	expect(state, &options, -EKEYREJECTED, etcd->endpoints);
}

static void a_certificate_of_another_authority_is_refused(void **state)
{
	struct portlock_options options = good_options();

	options.cert_file = etcd->wrong_certificate;
	options.key_file = etcd->wrong_certificate_key;
	expect(state, &options, -EKEYREJECTED, etcd->endpoints);
}

static void no_certificate_is_refused(void **state)
{
	struct portlock_options options = good_options();

	options.cert_file = options.key_file = NULL;
	expect(state, &options, -EKEYREJECTED, etcd->endpoints);
}

/* etcd's gateway takes no name from a certificate, and bears none in it. */
static void a_certificate_with_a_name_in_it_is_refused(void **state)
{
	struct portlock_options options = good_options();

	options.cert_file = etcd->named_certificate;
	options.key_file = etcd->named_certificate_key;
	expect(state, &options, -EKEYREJECTED, "common name");
}

static void a_password_comes_from_a_file(void **state)
{
	struct portlock_options options = good_options();
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/password", etcd->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%s\n", ETCD_PASSWORD);
	fclose(file);
	options.password = NULL;
	options.password_file = path;
	expect(state, &options, 0, "");
	options.password_file = "/nonexistent/password";
	expect(state, &options, -EINVAL, "/nonexistent/password");
}

static void files_that_are_not_there_are_named(void **state)
{
	struct portlock_options options = good_options();

	options.ca_file = "/nonexistent/ca.pem";
	expect(state, &options, -EINVAL, "/nonexistent/ca.pem");
}

static void a_good_endpoint_is_found_behind_a_dead_one(void **state)
{
	struct portlock_options options = good_options();
	char endpoints[256];

	snprintf(endpoints, sizeof(endpoints), "https://127.0.0.1:9,%s",
		 etcd->endpoints);
	options.endpoints = endpoints;
	expect(state, &options, 0, "");
}

static void nonsense_is_no_endpoint(void **state)
{
	struct portlock_options options = good_options();

	options.endpoints = "gopher://127.0.0.1";
	expect(state, &options, -EINVAL, "gopher://127.0.0.1");
}

static void an_endpoint_where_nobody_listens_is_out_of_reach(void **state)
{
	struct portlock_options options = good_options();
	int64_t begin = now_ns();

	options.endpoints = "http://127.0.0.1:9";
	options.timeout_ms = 500;
	expect(state, &options, -EHOSTUNREACH, "http://127.0.0.1:9");
	assert_true(now_ns() - begin >= INT64_C(500000000));
}

/* Without a word from any endpoint even a wait for ever ends. */
static void no_contact_ends_the_longest_wait(void **state)
{
	struct portlock_options options = good_options();

	options.endpoints = "http://127.0.0.1:9";
	options.timeout_ms = -1;
	setenv("PORTLOCK_ETCD_CONTACT_MS", "700", 1);
	expect(state, &options, -EHOSTUNREACH, "http://127.0.0.1:9");
	unsetenv("PORTLOCK_ETCD_CONTACT_MS");
}

static void a_frozen_etcd_is_out_of_reach(void **state)
{
	struct portlock_options options = good_options();

	options.timeout_ms = 1000;
	etcd_freeze(etcd, 0);
	expect(state, &options, -EHOSTUNREACH, etcd->members[0].url);
	etcd_thaw(etcd, 0);
	etcd_wait(etcd);
}

/* Answers whoever connects, in the way of HTTP but not of etcd. */
static void answer_otherwise(struct child *parent, void *argument)
{
	static const char answer[] =
		"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n"
		"Connection: close\r\n\r\nwhat?\n";
	int listening = *(int *)argument, one;
	char request[4096];

	(void)parent;
	while ((one = accept(listening, NULL, NULL)) >= 0) {
		if (read(one, request, sizeof(request)) > 0 &&
		    write(one, answer, sizeof(answer) - 1) > 0)
			shutdown(one, SHUT_WR);
		close(one);
	}
}

static void what_is_not_etcd_is_told_so(void **state)
{
	struct portlock_options options = good_options();
	int listening = bind_port(0);
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	char endpoint[64];

	require(listening >= 0 && listen(listening, 8) == 0 &&
		getsockname(listening, (struct sockaddr *)&address, &length) ==
			0);
	child_start(answer_otherwise, &listening);
	close(listening);
	snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d",
		 ntohs(address.sin_port));
	options.endpoints = endpoint;
	options.user = options.password = NULL;
	expect(state, &options, -EPROTO, endpoint);
}

static void a_ttl_out_of_range_is_refused(void **state)
{
	struct portlock_options options = good_options();

	options.ttl_s = 4;
	expect(state, &options, -EINVAL, "4");
	options.ttl_s = 3601;
	expect(state, &options, -EINVAL, "3601");
}

static void without_its_helper_there_is_no_etcd(void **state)
{
	struct portlock_options options = good_options();
	char *helper = strdup(getenv("PORTLOCK_SESSION"));

	setenv("PORTLOCK_SESSION", "/nonexistent/portlock-session", 1);
	expect(state, &options, -ENOSYS, "/nonexistent/portlock-session");
	setenv("PORTLOCK_SESSION", helper, 1);
	free(helper);
}

int main(void)
{
	const struct etcd_plan plan = { .tls = true, .authentication = true };
	const struct CMUnitTest tests[] = {
		with_key(what_is_right_is_granted),
		with_key(a_wrong_password_is_refused),
		with_key(no_user_is_refused),
		with_key(a_prefix_that_is_not_the_users_is_refused),
		with_key(a_server_of_another_authority_is_refused),
		with_key(a_certificate_of_another_authority_is_refused),
		with_key(no_certificate_is_refused),
		with_key(a_certificate_with_a_name_in_it_is_refused),
		with_key(a_password_comes_from_a_file),
		with_key(files_that_are_not_there_are_named),
		with_key(a_good_endpoint_is_found_behind_a_dead_one),
		with_key(nonsense_is_no_endpoint),
		with_key(an_endpoint_where_nobody_listens_is_out_of_reach),
		with_key(no_contact_ends_the_longest_wait),
		with_key(a_frozen_etcd_is_out_of_reach),
		with_key(what_is_not_etcd_is_told_so),
		with_key(a_ttl_out_of_range_is_refused),
		with_key(without_its_helper_there_is_no_etcd),
	};
	int failed;

	if (!etcd_is_installed())
		return 1;
	/* Its own network: sessions there are its own. */
	if (!hosts_make(0))
		return 77;
	etcd = etcd_start(&plan);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	etcd_end(etcd);
	return failed;
}
