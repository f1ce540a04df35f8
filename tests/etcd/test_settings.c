/* SPDX-License-Identifier: MIT */
/* test_settings.c - what a handle is told of its cluster, in its
 * portlock-session: files are found, and secrets stay secrets.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/etcd/cluster.h"
#include "tests/etcd/hosts.h"

static struct etcd *etcd; /* with certificates and passwords */

static struct portlock_options options_of(const char *ca, const char *cert,
					  const char *key)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;

	options.transport = "etcd";
	options.endpoints = etcd->endpoints;
	options.ca_file = ca;
	options.cert_file = cert;
	options.key_file = key;
	options.user = ETCD_USER;
	options.timeout_ms = 20000;
	return options;
}

/* Opened in the folder of etcd's files, used in another one. */
static portlock_t *open_there(const char *key,
			      const struct portlock_options *options)
{
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	portlock_t *lock;

	require(here >= 0 && chdir(etcd->folder) == 0);
	assert_int_equal(portlock_open(&lock, key, options), 0);
	require(fchdir(here) == 0);
	close(here);
	return lock;
}

static void expect_lock(portlock_t *lock)
{
	char text[256];
	int error = portlock_acquire(lock);

	assert_int_equal(portlock_detail(lock, text, sizeof(text)), 0);
	if (error != 0)
		fail_msg("%s: %s", strerror(-error), text);
	portlock_close(lock);
	wait_sessions(NULL, 0);
}

static void write_password(void)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/password", etcd->folder);
	file = fopen(path, "we");
	require(file && fprintf(file, "%s\n", ETCD_PASSWORD) > 0 &&
		fclose(file) == 0);
}

static void files_may_be_relative(void **state)
{
	const char *folder = strrchr(etcd->folder, '/') + 1;
	struct portlock_options options;
	char key_file[128];

	snprintf(key_file, sizeof(key_file), "../%s/client.key", folder);
	options = options_of("ca.pem", "./client.pem", key_file);
	options.password_file = "password";
	write_password();
	expect_lock(open_there(((struct key *)*state)->text, &options));
}

static void files_of_the_environment_may_be_relative(void **state)
{
	struct portlock_options options = options_of(NULL, NULL, NULL);
	portlock_t *lock;

	write_password();
	setenv("PORTLOCK_ETCD_CA", "ca.pem", 1);
	setenv("PORTLOCK_ETCD_CERT", "client.pem", 1);
	setenv("PORTLOCK_ETCD_KEY", "client.key", 1);
	setenv("PORTLOCK_ETCD_PASSWORD_FILE", "password", 1);
	lock = open_there(((struct key *)*state)->text, &options);
	unsetenv("PORTLOCK_ETCD_CA");
	unsetenv("PORTLOCK_ETCD_CERT");
	unsetenv("PORTLOCK_ETCD_KEY");
	unsetenv("PORTLOCK_ETCD_PASSWORD_FILE");
	expect_lock(lock);
}

/* ---- secrets -------------------------------------------------------------- */

/* Reads a file of /proc/PID; its size. */
static size_t look_at(pid_t pid, const char *name, char *bytes, size_t size)
{
	char path[64];
	size_t got;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "re");
	require(file);
	got = fread(bytes, 1, size, file);
	fclose(file);
	return got;
}

/* Nowhere to write to but what is nameless, and what nobody reads. */
static void check_descriptors(pid_t pid)
{
	char path[300], name[4096];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	require(directory);
	while ((entry = readdir(directory))) {
		ssize_t length = readlinkat(dirfd(directory), entry->d_name,
					    name, sizeof(name) - 1);

		if (length < 0)
			continue; /* . and .., and what has just closed */
		name[length] = '\0';
		if (name[0] == '/' && strcmp(name, "/dev/null") != 0)
			fail_msg("it has %s open", name);
	}
	closedir(directory);
}

/* Its command line is its name; its environment, nothing. */
static void check_session(pid_t pid)
{
	char bytes[8192];
	struct rlimit core;
	size_t size = look_at(pid, "cmdline", bytes, sizeof(bytes));

	assert_in_range(size, 1, sizeof(bytes) - 1);
	assert_int_equal(strlen(bytes) + 1, size);
	assert_int_equal(look_at(pid, "environ", bytes, sizeof(bytes)), 0);
	check_descriptors(pid);
	/* Nor is a core left of it; 1 is none, see portlock-session. */
	assert_int_equal(prlimit(pid, RLIMIT_CORE, NULL, &core), 0);
	assert_in_range(core.rlim_max, 0, 1);
}

static void the_password_is_nowhere_to_be_seen(void **state)
{
	static char text[CTL_TEXT];
	struct key *key = *state;
	struct portlock_options options =
		options_of(etcd->ca, etcd->certificate, etcd->certificate_key);
	portlock_t *lock;

	setenv("PORTLOCK_ETCD_PASSWORD", ETCD_PASSWORD, 1);
	assert_int_equal(portlock_open(&lock, key->text, &options), 0);
	assert_int_equal(portlock_acquire(lock), 0);
	check_session(session_on(NULL));
	/* What all may read who may use the lock. */
	assert_int_equal(etcd_ctl(etcd, text, "get", "--prefix", ""), 0);
	assert_non_null(strstr(text, key->text));
	assert_null(strstr(text, ETCD_PASSWORD));
	/* Names of sockets, which are everybody's. */
	look_at(getpid(), "net/unix", text, sizeof(text) - 1);
	assert_null(strstr(text, ETCD_PASSWORD));
	portlock_close(lock);
	unsetenv("PORTLOCK_ETCD_PASSWORD");
	wait_sessions(NULL, 0);
}

int main(void)
{
	const struct etcd_plan plan = { .tls = true, .authentication = true };
	const struct CMUnitTest tests[] = {
		with_key(files_may_be_relative),
		with_key(files_of_the_environment_may_be_relative),
		with_key(the_password_is_nowhere_to_be_seen),
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
