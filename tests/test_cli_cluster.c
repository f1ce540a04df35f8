/* SPDX-License-Identifier: MIT */
/* test_cli_cluster.c - the command with transport etcd: what it is told, and
 * what it tells of a cluster.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/cluster.h"
#include "tests/support/command.h"

static struct command command, other;

/* ---- options -------------------------------------------------------------- */

static void options_of_etcd_are_for_etcd(void **state)
{
	static const char *const options[] = { "--endpoints=http://127.0.0.1:1",
					       "--prefix=x/", "--ttl=10",
					       "--on-lost=warn" };

	for (int i = 0; i < 4; i++) {
		assert_int_equal(command_run(&command, "run", options[i],
					     key_text(state), "true"),
				 64);
		assert_mentions(command.errors, "is for transport etcd");
		assert_mentions(command.errors, "--transport etcd");
	}
	setenv("PORTLOCK_TRANSPORT", "etcd", 1);
	command_run(&command, "run", "--on-lost=warn", key_text(state), "true");
	unsetenv("PORTLOCK_TRANSPORT");
	assert_int_equal(command.status, 0);
}

static void assert_misuse(const char *key, const char *option,
			  const char *mention)
{
	assert_int_equal(command_run(&command, "run", "--transport", "etcd",
				     option, key, "true"),
			 64);
	assert_mentions(command.errors, mention);
}

static void values_that_are_none_are_refused(void **state)
{
	assert_misuse(key_text(state), "--ttl=4", "use 5 to 3600");
	assert_misuse(key_text(state), "--ttl=3601", "use 5 to 3600");
	assert_misuse(key_text(state), "--ttl=5s", "'5s' is no time");
	assert_misuse(key_text(state), "--on-lost=die", "use kill or warn");
	assert_misuse(key_text(state), "--transport=zookeeper",
		      "use tcp, unix or etcd");
}

static void a_variable_that_is_nonsense_is_no_transport(void **state)
{
	setenv("PORTLOCK_ETCD_LOCAL_MS", "soon", 1);
	command_run(&command, "run", "--transport=etcd", key_text(state),
		    "true");
	unsetenv("PORTLOCK_ETCD_LOCAL_MS");
	assert_int_equal(command.status, 71);
	assert_mentions(command.errors, "PORTLOCK_ETCD_LOCAL_MS is \"soon\", "
					"not a number from 1 to 2147483647");
}

static void a_key_that_is_too_long_is_told(void **state)
{
	static char key[33000];

	(void)state;
	memset(key, 'x', sizeof(key) - 1);
	assert_int_equal(
		command_run(&command, "run", "--transport=etcd", key, "true"),
		71);
	assert_mentions(command.errors, "this key alone has 32999");
	setenv("PORTLOCK_ETCD_PREFIX", key, 1);
	command_run(&command, "run", "--transport=etcd", "k", "true");
	unsetenv("PORTLOCK_ETCD_PREFIX");
	assert_int_equal(command.status, 71);
	assert_mentions(command.errors, "at most 32768 bytes, and this key "
					"alone has 1");
}

/* ---- failures ------------------------------------------------------------- */

static void a_missing_helper_is_named(void **state)
{
	setenv("PORTLOCK_SESSION", "/nonexistent/portlock-session", 1);
	assert_int_equal(command_run(&command, "run", "--transport=etcd",
				     key_text(state), "true"),
			 71);
	assert_mentions(command.errors, portlock_strerror(-ENOSYS));
	assert_mentions(command.errors, "/nonexistent/portlock-session");
}

static void the_reason_of_a_failure_is_told(void **state)
{
	cluster_mute(cluster, true);
	command_start(&command, "run", "--transport=etcd", key_text(state),
		      "true");
	cluster_await(&cluster->acquires, 1);
	cluster_answer(cluster, SESSION_FAILED, -EKEYREJECTED,
		       "https://etcd:2379: wrong\tpassword");
	assert_int_equal(command_end(&command), 71);
	assert_mentions(command.errors, portlock_strerror(-EKEYREJECTED));
	assert_mentions(command.errors, "https://etcd:2379: wrong\\x09pass");
}

/* Not the library's sentence, which begins with an empty key. */
static void a_wrong_setting_is_told_of_alone(void **state)
{
	cluster_mute(cluster, true);
	command_start(&command, "run", "--transport=etcd", key_text(state),
		      "true");
	cluster_await(&cluster->acquires, 1);
	cluster_answer(cluster, SESSION_FAILED, -EINVAL, "ca: no such file");
	assert_int_equal(command_end(&command), 71);
	assert_mentions(command.errors,
			": a setting of etcd is not as it must be: ca: no such "
			"file");
}

static void a_lock_of_another_host_is_not_available(void **state)
{
	cluster_elsewhere(cluster, true);
	assert_int_equal(command_run(&command, "run", "--transport=etcd", "-n",
				     "-E", "9", key_text(state), "true"),
			 9);
	assert_int_equal(command_run(&command, "run", "--transport=etcd", "-t",
				     "3", key_text(state), "true"),
			 1);
	assert_mentions(command.errors, "not available within 3 s");
	assert_mentions(command.errors, "other hosts of the cluster have it");
}

/* ---- what is seen --------------------------------------------------------- */

/* The next line of its errors. */
static void error_line(char line[COMMAND_TEXT])
{
	struct command errors = { .out = command.err };

	do
		command_line(&errors, line);
	while (strncmp(line, "portlock: ", 10) != 0); /* valgrind's */
}

static void a_wait_for_the_cluster_is_told_of(void **state)
{
	char line[COMMAND_TEXT];

	cluster_elsewhere(cluster, true);
	command_start(&command, "run", "-v", "--transport=etcd",
		      key_text(state), "true");
	error_line(line);
	assert_mentions(line, "waiting for other hosts");
	cluster_answer(cluster, SESSION_TROUBLE, -EHOSTUNREACH, "no answer");
	error_line(line);
	assert_mentions(line, "waiting for the cluster: no answer");
	cluster_answer(cluster, SESSION_WAITING, 0, "");
	error_line(line);
	assert_mentions(line, "waiting for other hosts");
	assert_int_equal(
		command_run(&other, "run", "-n", key_text(state), "true"), 1);
	assert_mentions(other.errors, "waits for the cluster");
	assert_int_equal(command_run(&other, "who", key_text(state)), 0);
	assert_mentions(other.output, " waiting ");
	assert_int_equal(command_run(&other, "who", "--json", key_text(state)),
			 0);
	assert_mentions(other.output, "\"state\": \"waiting\"");
	cluster_elsewhere(cluster, false);
	assert_int_equal(command_end(&command), 0);
}

static void the_transport_is_shown(void **state)
{
	command_start(&command, "run", "--transport=etcd", key_text(state),
		      "--", "sh", "-c", "echo ready; cat");
	command_expect(&command, "ready");
	assert_int_equal(command_run(&other, "who", key_text(state)), 0);
	assert_mentions(other.output, " etcd ");
	assert_int_equal(command_run(&other, "who", "--json", key_text(state)),
			 0);
	assert_mentions(other.output, "\"transport\": \"etcd\"");
	assert_int_equal(command_end(&command), 0);
}

/* ---- portlock doctor -------------------------------------------------------- */

/* What is found of the machine does not matter here. */
static void doctor_tries_a_cluster_that_is_named(void **state)
{
	(void)state;
	command_run(&command, "doctor");
	assert_mentions(command.output, "taken and let go, transport etcd");
	setenv("PORTLOCK_SESSION", "/nonexistent/portlock-session", 1);
	assert_int_equal(command_run(&command, "doctor"), 1);
	assert_mentions(command.output, "/nonexistent/portlock-session");
	unsetenv("PORTLOCK_ETCD_ENDPOINTS");
	command_run(&command, "doctor");
	assert_null(strstr(command.output, "etcd"));
	setenv("PORTLOCK_TRANSPORT", "etcd", 1);
	command_run(&command, "doctor");
	unsetenv("PORTLOCK_TRANSPORT");
	assert_mentions(command.output, "could not be taken, transport etcd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_cluster(options_of_etcd_are_for_etcd),
		with_cluster(values_that_are_none_are_refused),
		with_cluster(a_variable_that_is_nonsense_is_no_transport),
		with_cluster(a_key_that_is_too_long_is_told),
		with_cluster(a_missing_helper_is_named),
		with_cluster(the_reason_of_a_failure_is_told),
		with_cluster(a_wrong_setting_is_told_of_alone),
		with_cluster(a_lock_of_another_host_is_not_available),
		with_cluster(a_wait_for_the_cluster_is_told_of),
		with_cluster(the_transport_is_shown),
		with_cluster(doctor_tries_a_cluster_that_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
