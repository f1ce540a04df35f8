/* SPDX-License-Identifier: MIT */
/* test_run_lost.c - portlock run, and the shim, on a real etcd: who is granted a
 * lost lock next finds that the command of who has lost it is not there any
 * more; and what is let go is free when portlock run has ended.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/etcd/cluster.h"
#include "tests/etcd/hosts.h"
#include "tests/support/command.h"

/* Is not ended by a signal that asks for it. */
#define DEAF "sh", "-c", "trap '' TERM; echo $$; exec sleep 600"

static struct etcd *etcd;
static struct command command, next;
static pid_t session; /* that of the command */

static int setup(void **state)
{
	char folder[4096];
	const char *top = getenv("top_builddir");

	require(top);
	snprintf(folder, sizeof(folder), "%s/portlock-session", top);
	setenv("PORTLOCK_SESSION", folder, 0);
	etcd = etcd_start(&(struct etcd_plan){ 0 });
	setenv("PORTLOCK_ETCD_ENDPOINTS", etcd->endpoints, 1);
	setenv("ETCDCTL_API", "3", 1);
	return key_setup(state);
}

static int teardown(void **state)
{
	int error = command_teardown(state);

	kill(session, SIGCONT); /* of a failed test: it ends by itself then */
	etcd_end(etcd);
	return error;
}

#define with_etcd(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* The lock is that of a command that has to be killed.  Has etcd's own client
 * wait for it, which tells whether that command is there at its grant. */
static pid_t have_next(const char *key)
{
	char name[128], look[128];
	pid_t deaf;

	deaf = command_number(&command);
	session = session_on(NULL);
	snprintf(name, sizeof(name), "portlock/%s", key);
	snprintf(look, sizeof(look),
		 "echo granted; grep '^State:.[^ZX]' /proc/%d/status; exit 0",
		 (int)deaf);
	program_start(&next, "etcdctl",
		      (const char *const[]){ "etcdctl", "--endpoints",
					     etcd->endpoints, "lock", name,
					     "--", "sh", "-c", look, NULL });
	etcd_wait_queue(etcd, key, 2);
	return deaf;
}

/* Who reads etcd need not be one who may see the arguments. */
static void assert_tells_the_name_alone(const char *key, const char *name)
{
	static char text[CTL_TEXT];
	char prefix[128], told[64];

	snprintf(prefix, sizeof(prefix), "portlock/%s/", key);
	snprintf(told, sizeof(told), "\"command\":\"%s\"", name);
	assert_int_equal(etcd_ctl(etcd, text, "get", "--prefix", prefix), 0);
	assert_non_null(strstr(text, told));
}

static pid_t hold(const char *key)
{
	command_start(&command, "run", "--transport=etcd", "--ttl=5", key, "--",
		      DEAF);
	return have_next(key);
}

static void assert_next_is_alone(void)
{
	assert_int_equal(command_end(&next), 0);
	assert_string_equal(next.output, "granted\n");
}

static void assert_lost(void)
{
	assert_int_equal(command_end(&command), 74);
	assert_mentions(command.errors, "the lock is lost");
}

static void when_the_session_is_killed(void **state)
{
	const char *key = ((struct key *)*state)->text;

	hold(key);
	assert_tells_the_name_alone(key, "sh");
	kill(session, SIGKILL);
	assert_next_is_alone();
	assert_lost();
	assert_mentions(command.errors, "portlock-session was killed");
}

static void when_the_session_is_stopped(void **state)
{
	if (is_slow())
		skip(); /* valgrind has no stopped processes */
	hold(((struct key *)*state)->text);
	kill(session, SIGSTOP);
	assert_next_is_alone();
	assert_lost();
	assert_mentions(command.errors, "portlock-session does not answer");
	kill(session, SIGKILL);
}

static void when_the_wrapper_is_killed_as_well(void **state)
{
	hold(((struct key *)*state)->text);
	kill(session, SIGKILL);
	kill(command.pid, SIGKILL);
	assert_next_is_alone();
	assert_int_equal(command_end(&command), -SIGKILL);
}

/* Under the shim it is portlock-guard that has to be in time. */
static void when_it_is_a_program_that_knows_nothing(void **state)
{
	const char *key = ((struct key *)*state)->text;
	char preload[4096], rules[512], file[128];

	if (!getenv("PORTLOCK_SHIM"))
		skip();
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s",
		 getenv("PORTLOCK_SHIM"));
	snprintf(rules, sizeof(rules),
		 "PORTLOCK_RULES=flock %s/* key=%s transport=etcd",
		 etcd->folder, key);
	snprintf(file, sizeof(file), "%s/file", etcd->folder);
	program_start(&command, "env",
		      (const char *const[]){ "env", preload, rules,
					     "PORTLOCK_ETCD_TTL=5", "flock",
					     file, DEAF, NULL });
	have_next(key);
	assert_tells_the_name_alone(key, "flock");
	kill(session, SIGKILL);
	assert_next_is_alone();
	assert_int_equal(command_end(&command), -SIGTERM);
	assert_mentions(command.errors, "lost to the cluster: ended");
}

static void a_lease_that_was_revoked_is_told_of(void **state)
{
	static struct etcd_key keys[KEYS_LISTED];
	const char *key = ((struct key *)*state)->text;
	pid_t deaf = hold(key);

	assert_int_equal(etcd_queue(etcd, key, keys), 2);
	assert_true(etcd_revoke(etcd, keys[0].lease));
	assert_lost();
	assert_null(strstr(command.errors, "portlock-session"));
	assert_true(is_gone(deaf));
	command_end(&next);
}

/* The kernel kills the helper with its namespace: in every other one before it
 * could give back what it was only told to. */
static void run_in_container(const char *key, const char *timeout)
{
	program_start(&command, "unshare",
		      (const char *const[]){ "unshare", "--pid", "--fork",
					     command_path(), "run",
					     "--transport=etcd", "-t", timeout,
					     key, "--", "true", NULL });
}

static void a_container_that_ends_leaves_nothing(void **state)
{
	static struct etcd_key keys[KEYS_LISTED];
	const char *key = ((struct key *)*state)->text;

	for (int i = 0; i < 12; i++) {
		run_in_container(key, "60");
		assert_int_equal(command_end(&command), 0);
		assert_int_equal(etcd_queue(etcd, key, keys), 0);
	}
}

static void nor_does_one_that_has_waited_in_vain(void **state)
{
	static struct etcd_key keys[KEYS_LISTED];
	const char *key = ((struct key *)*state)->text;
	char name[128], line[COMMAND_TEXT];

	snprintf(name, sizeof(name), "portlock/%s", key);
	program_start(&next, "etcdctl",
		      (const char *const[]){ "etcdctl", "--endpoints",
					     etcd->endpoints, "lock", name,
					     NULL });
	command_line(&next, line);
	for (int i = 0; i < 12; i++) {
		run_in_container(key, "0.2");
		assert_int_equal(command_end(&command), 1);
		assert_int_equal(etcd_queue(etcd, key, keys), 1);
	}
	kill(next.pid, SIGTERM);
	command_end(&next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_etcd(when_the_session_is_killed),
		with_etcd(when_the_session_is_stopped),
		with_etcd(when_the_wrapper_is_killed_as_well),
		with_etcd(when_it_is_a_program_that_knows_nothing),
		with_etcd(a_lease_that_was_revoked_is_told_of),
		with_etcd(a_container_that_ends_leaves_nothing),
		with_etcd(nor_does_one_that_has_waited_in_vain),
	};

	/* Its portlock-session is to be found among no others. */
	if (!etcd_is_installed() || !hosts_make(1))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
