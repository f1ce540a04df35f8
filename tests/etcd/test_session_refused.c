/* SPDX-License-Identifier: MIT */
/* test_session_refused.c - portlock-session with wrong settings, credentials,
 * certificates and endpoints: clear errors, and none that is a secret.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/etcd/helper.h"

/* Opened with these settings, it fails so, and says so. */
#define expect_failure(error, words, ...)                                      \
	fails(error, words, (const char *const[]){ "", ##__VA_ARGS__, NULL })
static void fails(int error, const char *words, const char *const *settings)
{
	struct session_answer answer;
	struct helper helper;

	helper_open_with(&helper, etcd, "k", settings);
	helper_ask(&helper, SESSION_ACQUIRE);
	answer = helper_await(&helper, SESSION_FAILED);
	if (answer.error != error || !strstr(answer.text, words))
		print_error("%d: \"%s\"\n", answer.error, answer.text);
	assert_int_equal(answer.error, error);
	assert_non_null(strstr(answer.text, words));
	assert_null(strstr(answer.text, "secret"));
	helper_end(&helper);
}

static void all_that_is_right_is_accepted(void **state)
{
	const struct key *key = *state;
	struct helper helper;

	helper_open(&helper, etcd, key->text);
	helper_ask(&helper, SESSION_ACQUIRE);
	helper_await(&helper, SESSION_GRANTED);
	helper_end(&helper);
}

/* How often that is in the memory of the process that may be written. */
static int copies(pid_t pid, const char *text)
{
	unsigned long from, to;
	char path[64], line[512], writable;
	int count = 0, memory;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	require(memory >= 0);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	require(maps != NULL);
	while (fgets(line, sizeof(line), maps)) {
		char *part, *found;
		ssize_t size;

		if (sscanf(line, "%lx-%lx r%c", &from, &to, &writable) != 3 ||
		    writable != 'w')
			continue;
		part = malloc(to - from);
		require(part != NULL);
		size = pread(memory, part, to - from, (off_t)from);
		for (found = part; size > 0; found++, count++) {
			found = memmem(found, (size_t)(part + size - found),
				       text, strlen(text));
			if (!found)
				break;
		}
		free(part);
	}
	fclose(maps);
	close(memory);
	return count;
}

/* For the next login; what the last one was made of is overwritten. */
static void a_password_is_kept_once(void **state)
{
	const struct key *key = *state;
	struct helper helper;

	helper_open(&helper, etcd, key->text);
	helper_ask(&helper, SESSION_ACQUIRE);
	helper_await(&helper, SESSION_GRANTED);
	assert_int_equal(copies(helper.pid, ETCD_PASSWORD), 1);
	helper_end(&helper);
}

static void a_wrong_password_is_refused(void **state)
{
	(void)state;
	expect_failure(-EKEYREJECTED, "\"tester\"", "password=a wrong secret");
}

static void what_the_user_may_not_is_refused(void **state)
{
	(void)state;
	expect_failure(-EKEYREJECTED,
		       "permission denied, for keys that begin with "
		       "\"others/\"",
		       "prefix=others/");
}

static void an_authority_that_did_not_sign_is_refused(void **state)
{
	(void)state;
	expect_failure(-EKEYREJECTED, etcd->members[0].url,
		       setting(SESSION_CA, etcd->wrong_ca));
}

/* The authority has signed it, but for another host. */
static void a_certificate_of_another_host_is_refused(void **state)
{
	char url[80];

	(void)state;
	snprintf(url, sizeof(url), "https://localhost:%d",
		 etcd->members[0].port);
	expect_failure(-EKEYREJECTED, url, setting(SESSION_ENDPOINTS, url));
}

static void a_wrong_certificate_is_refused(void **state)
{
	(void)state;
	expect_failure(
		-EKEYREJECTED, etcd->members[0].url,
		setting(SESSION_CERTIFICATE, etcd->wrong_certificate),
		setting(SESSION_CERTIFICATE_KEY, etcd->wrong_certificate_key));
}

static void http_where_tls_is_wanted_is_told(void **state)
{
	char url[80];

	(void)state;
	snprintf(url, sizeof(url), "http%s",
		 strstr(etcd->members[0].url, "://"));
	expect_failure(-EHOSTUNREACH, "https", "contact=300",
		       setting(SESSION_ENDPOINTS, url));
}

static void wrong_settings_are_named(void **state)
{
	(void)state;
	expect_failure(-EINVAL, "ttl_s (PORTLOCK_ETCD_TTL)", "ttl=4");
	expect_failure(-EINVAL, "ttl", "ttl=20s");
	expect_failure(-EINVAL, "PORTLOCK_ETCD_CONTACT_MS", "contact=0");
	expect_failure(-EINVAL, "PORTLOCK_ETCD_ENDPOINTS", "endpoints=");
	expect_failure(-EINVAL, "localhost:2379", "endpoints=localhost:2379");
	expect_failure(-EINVAL, "endpoints",
		       "endpoints=http://me:secret@localhost:1");
	expect_failure(-EINVAL, "PORTLOCK_ETCD_CA): /nowhere/at-all.pem",
		       "ca=/nowhere/at-all.pem");
	expect_failure(-EINVAL, "PORTLOCK_ETCD_CA): relative.pem",
		       "ca=relative.pem");
	expect_failure(-EINVAL, "PORTLOCK_ETCD_PASSWORD_FILE",
		       "password-file=/dev/null");
	expect_failure(-EINVAL, "color", "color=red");
}

static void nobody_there_is_told_after_the_time_for_contact(void **state)
{
	int64_t start = now_ns();

	(void)state;
	expect_failure(-EHOSTUNREACH, "http://127.0.0.1:", "contact=300",
		       "endpoints=http://127.0.0.1:1,http://127.0.0.1:2");
	assert_true(now_ns() - start >= 300000000);
}

static void https_where_there_is_no_tls_is_told(void **state)
{
	struct etcd *plain = etcd_start(&(struct etcd_plan){ 0 });
	char url[80];

	(void)state;
	snprintf(url, sizeof(url), "https%s",
		 strstr(plain->members[0].url, "://"));
	expect_failure(-EHOSTUNREACH, "does it speak TLS?", "contact=300",
		       setting(SESSION_ENDPOINTS, url));
	etcd_end(plain);
}

/* The port at which members speak with each other. */
static void another_server_is_not_etcd(void **state)
{
	struct etcd *plain = etcd_start(&(struct etcd_plan){ 0 });
	struct session_answer answer;
	struct helper helper;

	(void)state;
	helper_open(&helper, plain, "k",
		    setting(SESSION_ENDPOINTS, plain->members[0].peer_url));
	helper_ask(&helper, SESSION_ACQUIRE);
	answer = helper_await(&helper, SESSION_FAILED);
	assert_int_equal(answer.error, -EPROTO);
	assert_non_null(strstr(answer.text, "3.4"));
	helper_end(&helper);
	etcd_end(plain);
}

static void an_endpoint_that_is_dead_is_passed_over(void **state)
{
	struct etcd *plain = etcd_start(&(struct etcd_plan){ 0 });
	struct helper helper;
	char list[400];

	(void)state;
	snprintf(list, sizeof(list), "http://127.0.0.1:1,%s,%s/",
		 plain->members[0].peer_url, plain->endpoints);
	helper_open(&helper, plain, "k", setting(SESSION_ENDPOINTS, list));
	helper_ask(&helper, SESSION_ACQUIRE);
	helper_expect(&helper, SESSION_GRANTED);
	helper_end(&helper);
	etcd_end(plain);
}

/* A port where connections are neither made nor refused: those in its queue are
 * all that it has room for, and the kernel drops what comes. */
static void open_hole(int fds[3], char *url, size_t size)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(name);

	for (int i = 0; i < 3; i++)
		fds[i] = socket(AF_INET,
				SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	require(bind(fds[0], (struct sockaddr *)&name, length) == 0);
	require(listen(fds[0], 0) == 0);
	require(getsockname(fds[0], (struct sockaddr *)&name, &length) == 0);
	for (int i = 1; i < 3; i++)
		require(connect(fds[i], (struct sockaddr *)&name, length) < 0 &&
			errno == EINPROGRESS);
	snprintf(url, size, "http://127.0.0.1:%d", ntohs(name.sin_port));
}

/* Two of those for 1250 ms each would be too late. */
static void endpoints_that_swallow_all_are_passed_over_soon(void **state)
{
	struct etcd *plain = etcd_start(&(struct etcd_plan){ 0 });
	int one[3], two[3];
	char first[40], second[40], list[400];
	struct helper helper;

	(void)state;
	open_hole(one, first, sizeof(first));
	open_hole(two, second, sizeof(second));
	snprintf(list, sizeof(list), "%s,%s,%s", first, second,
		 plain->endpoints);
	helper_open(&helper, plain, "k", "ttl=15", "contact=2400",
		    setting(SESSION_ENDPOINTS, list));
	helper_ask(&helper, SESSION_ACQUIRE);
	helper_expect(&helper, SESSION_GRANTED);
	helper_end(&helper);
	for (int i = 0; i < 3; i++) {
		close(one[i]);
		close(two[i]);
	}
	etcd_end(plain);
}

/* Two clusters have two locks. */
static void an_endpoint_of_another_cluster_is_not_asked(void **state)
{
	struct etcd *first = etcd_start(&(struct etcd_plan){ 0 });
	struct etcd *other = etcd_start(&(struct etcd_plan){ 0 });
	struct session_answer answer;
	struct helper helper;
	char list[400];

	(void)state;
	snprintf(list, sizeof(list), "%s,%s", first->endpoints,
		 other->endpoints);
	helper_open(&helper, first, "k", setting(SESSION_ENDPOINTS, list));
	helper_take(&helper);
	etcd_kill(first, 0);
	helper_expect(&helper, SESSION_LOST);
	helper_ask(&helper, SESSION_RELEASE);
	helper_ask(&helper, SESSION_ACQUIRE);
	answer = helper_await(&helper, SESSION_TROUBLE);
	assert_non_null(strstr(answer.text, other->endpoints));
	assert_non_null(strstr(answer.text, "another cluster"));
	helper_end(&helper);
	etcd_end(other);
	etcd_end(first);
}

int main(void)
{
	const struct etcd_plan plan = { .tls = true, .authentication = true };
	const struct CMUnitTest tests[] = {
		with_key(all_that_is_right_is_accepted),
		with_key(a_password_is_kept_once),
		cmocka_unit_test(a_wrong_password_is_refused),
		cmocka_unit_test(what_the_user_may_not_is_refused),
		cmocka_unit_test(an_authority_that_did_not_sign_is_refused),
		cmocka_unit_test(a_certificate_of_another_host_is_refused),
		cmocka_unit_test(a_wrong_certificate_is_refused),
		cmocka_unit_test(http_where_tls_is_wanted_is_told),
		cmocka_unit_test(wrong_settings_are_named),
		cmocka_unit_test(
			nobody_there_is_told_after_the_time_for_contact),
		cmocka_unit_test(https_where_there_is_no_tls_is_told),
		cmocka_unit_test(another_server_is_not_etcd),
		cmocka_unit_test(an_endpoint_that_is_dead_is_passed_over),
		cmocka_unit_test(
			endpoints_that_swallow_all_are_passed_over_soon),
		cmocka_unit_test(an_endpoint_of_another_cluster_is_not_asked),
	};

	return helper_tests(&plan, tests);
}
