/* SPDX-License-Identifier: MIT */
/* test_session_settings.c - portlock-session's settings, right and wrong. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/etcd/protocol.h"
#include "lib/etcd/settings.h"
#include "lib/session.h"
#include "tests/support/support.h"

#define LEAST "key=k\0endpoints=http://a:1\0"

static struct settings settings;
static char text[100];

#define read_settings(packet)                                                  \
	settings_read(&settings, packet, sizeof(packet) - 1, text, sizeof(text))

static void the_rest_has_defaults(void **state)
{
	(void)state;
	assert_int_equal(read_settings(LEAST), 0);
	assert_string_equal(settings.key, "k");
	assert_string_equal(settings.prefix, SESSION_PREFIX_DEFAULT);
	assert_int_equal(settings.ttl, 15); /* as the manual says */
	assert_int_equal(settings.contact, SESSION_CONTACT_DEFAULT);
	assert_null(settings.user);
	settings_free(&settings);
}

static void endpoints_are_a_list(void **state)
{
	(void)state;
	assert_int_equal(read_settings("key=k\0endpoints=http://a:1/, "
				       "https://[::1]:2\0"),
			 0);
	assert_int_equal(settings.endpoint_count, 2);
	assert_string_equal(settings.endpoints[0], "http://a:1");
	assert_string_equal(settings.endpoints[1], "https://[::1]:2");
	settings_free(&settings);
}

#define expect_wrong(packet, word)                                             \
	do {                                                                   \
		assert_int_equal(read_settings(packet), -EINVAL);              \
		assert_non_null(strstr(text, word));                           \
		assert_null(strstr(text, "secret"));                           \
		settings_free(&settings);                                      \
	} while (0)

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	expect_wrong("", "key");
	expect_wrong("key=\0endpoints=http://a:1\0", "key");
	expect_wrong("key=k\0", "endpoints");
	expect_wrong("key=k\0endpoints=ftp://a:1\0", "ftp://a:1");
	expect_wrong("key=k\0endpoints=http://a:1,,http://b:1\0", "endpoints");
	expect_wrong("key=k\0endpoints=http://a:1?query\0", "endpoints");
	expect_wrong("key=k\0endpoints=http://a:1 http://b:1\0",
		     "http://a:1 http://b:1");
	expect_wrong(LEAST "ttl=3601\0", "5 to 3600");
	expect_wrong(LEAST "ttl= 9\0", "ttl");
	expect_wrong(LEAST "ttl=\0", "ttl_s (PORTLOCK_ETCD_TTL)");
	expect_wrong(LEAST "user=me\0", "password");
	expect_wrong(LEAST "password=secret\0", "user");
	expect_wrong(LEAST "user=\xe9\0password=secret\0",
		     "user (PORTLOCK_ETCD_USER): it");
	expect_wrong(LEAST "user=me\0password=secret\xe9\0",
		     "PORTLOCK_ETCD_PASSWORD): it");
	expect_wrong(LEAST "certificate=/proc/self/exe\0",
		     "key_file (PORTLOCK_ETCD_KEY)");
	expect_wrong(LEAST "secret\0", "=");
	expect_wrong(LEAST "ttl=9", "end");
}

static void expect_wrong_file(const char *path, const char *word)
{
	char packet[100] = LEAST;
	size_t size = sizeof(LEAST) - 1;

	size += (size_t)sprintf(packet + size, "password-file=%s", path) + 1;
	assert_int_equal(
		settings_read(&settings, packet, size, text, sizeof(text)),
		-EINVAL);
	assert_non_null(strstr(text, path));
	assert_non_null(strstr(text, word));
	settings_free(&settings);
}

/* Who reads a pipe may wait for ever. */
static void a_file_is_no_pipe_nor_folder(void **state)
{
	char path[] = "/tmp/portlock-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(path));
	expect_wrong_file(path, "not a regular file");
	rmdir(path);
	expect_wrong_file(path, "No such file");
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_wrong_file(path, "not a regular file");
	unlink(path);
}

/* As a shell's <(COMMAND): the number is another file's in another process. */
static void a_file_is_no_descriptor(void **state)
{
	(void)state;
	expect_wrong_file("/dev/fd/63", "one process alone");
	expect_wrong_file("/dev/stdin", "one process alone");
	expect_wrong_file("/proc/self/fd/0", "one process alone");
}

/* Of a file with these bytes. */
static int read_password(const char *bytes, size_t size)
{
	char path[] = "/tmp/portlock-XXXXXX", packet[100] = LEAST;
	int fd = mkstemp(path), error;
	char *end = packet + sizeof(LEAST) - 1;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	end += sprintf(end, "user=me") + 1;
	end += sprintf(end, "password-file=%s", path) + 1;
	error = settings_read(&settings, packet, (size_t)(end - packet), text,
			      sizeof(text));
	unlink(path);
	return error;
}

static void a_password_in_a_file_is_not_cut(void **state)
{
	static const char *const ends[] = { "", "\n", "\r\nx", "\nxxx\n" };
	char bytes[4200];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 4; i++) {
		size_t size = strlen(ends[i]);

		memcpy(bytes + 4096, ends[i], size);
		assert_int_equal(read_password(bytes, 4096 + size), 0);
		assert_int_equal(strlen(settings.password), 4096);
		settings_free(&settings);
		bytes[4096] = 'x';
		memcpy(bytes + 4097, ends[i], size);
		assert_int_equal(read_password(bytes, 4097 + size), -EINVAL);
		assert_non_null(strstr(text, "more than 4096 bytes"));
		settings_free(&settings);
	}
	assert_int_equal(read_password("s\0e\0c\0r\0e\0t\0\n", 13), -EINVAL);
	assert_non_null(strstr(text, "a NUL byte"));
	settings_free(&settings);
}

static bool is_told(const struct pl_cluster *cluster, const char *setting)
{
	return memmem(cluster->packet, cluster->size, setting,
		      strlen(setting) + 1);
}

/* Else a program's own password would be refused for a user's variable. */
static void one_password_of_the_options_is_the_only_one(void **state)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	struct pl_cluster *cluster;
	struct pl_address address;

	(void)state;
	setenv("PORTLOCK_ETCD_PASSWORD", "theirs", 1);
	setenv("PORTLOCK_ETCD_PASSWORD_FILE", "/theirs", 1);
	options.password = "ours";
	assert_int_equal(pl_cluster_make(&cluster, &address, "k", &options), 0);
	assert_true(is_told(cluster, "password=ours"));
	assert_false(is_told(cluster, "password-file=/theirs"));
	pl_cluster_free(cluster);
	options.password = NULL;
	options.password_file = "/ours";
	assert_int_equal(pl_cluster_make(&cluster, &address, "k", &options), 0);
	assert_true(is_told(cluster, "password-file=/ours"));
	assert_false(is_told(cluster, "password=theirs"));
	pl_cluster_free(cluster);
	unsetenv("PORTLOCK_ETCD_PASSWORD");
	unsetenv("PORTLOCK_ETCD_PASSWORD_FILE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rest_has_defaults),
		cmocka_unit_test(endpoints_are_a_list),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(one_password_of_the_options_is_the_only_one),
		cmocka_unit_test(a_file_is_no_pipe_nor_folder),
		cmocka_unit_test(a_file_is_no_descriptor),
		cmocka_unit_test(a_password_in_a_file_is_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
