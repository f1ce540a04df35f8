/* SPDX-License-Identifier: MIT */
/* test_cli_lost.c - portlock run when the lock of a cluster is lost: the
 * command's process group ends, whoever is stopped or killed.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/cluster.h"
#include "tests/support/command.h"

#define LOST 74

/* The shortest lease: half a second from SIGTERM to SIGKILL. */
#define ETCD "--transport", "etcd", "--ttl", "5"

/* How long the wrapper waits for what it has let go to be given back. */
#define FINISH_NS INT64_C(1000000000)

/* Says its process id, ends with 5 after a line of input. */
#define READER "sh", "-c", "echo $$; read line; exit 5"

static struct command command, probe;

static pid_t start_reader(const char *key)
{
	command_start(&command, "run", ETCD, key, "--", READER);
	return command_number(&command);
}

static void assert_lost(const char *reason)
{
	/* Before its input ends, which ends a reader, too. */
	assert_int_equal(command_wait(&command), LOST);
	command_end(&command);
	assert_mentions(command.errors, "the lock is lost");
	assert_mentions(command.errors, reason);
}

static void a_lock_that_stays_lets_the_command_end(void **state)
{
	start_reader(key_text(state));
	assert_int_equal(command_end(&command), 5);
	assert_string_equal(command.errors, "");
}

static void the_group_ends_with_the_lock(void **state)
{
	pid_t first, second;

	command_start(&command, "run", ETCD, key_text(state), "--", "sh", "-c",
		      "sleep 600 & echo $!; echo $$; wait");
	second = command_number(&command);
	first = command_number(&command);
	assert_int_equal(getpgid(first), first);
	cluster_lose(cluster, "the lease has ended");
	assert_lost("the lease has ended");
	assert_mentions(command.errors, key_text(state));
	assert_true(is_gone(first));
	assert_true(is_gone(second));
}

static void who_does_not_obey_is_killed_when_the_command_has_ended(void **state)
{
	pid_t deaf;

	command_start(&command, "run", ETCD, key_text(state), "--", "sh", "-c",
		      "(trap '' TERM; exec sh -c 'echo $$; exec sleep 600') & "
		      "wait");
	deaf = command_number(&command);
	cluster_lose(cluster, "gone");
	assert_lost("gone");
	assert_true(is_gone(deaf));
}

/* By the lease that the environment tells of, as by one of the command line. */
static void who_does_not_obey_has_half_of_what_is_left(void **state)
{
	const int ttl = SESSION_TTL_DEFAULT + 5;
	char text[16];
	int64_t begin;

	snprintf(text, sizeof(text), "%d", ttl);
	setenv("PORTLOCK_ETCD_TTL", text, 1);
	command_start(&command, "run", "--transport", "etcd", key_text(state),
		      "--", "sh", "-c",
		      "trap '' TERM; echo $$; exec sleep 600");
	unsetenv("PORTLOCK_ETCD_TTL");
	command_number(&command);
	begin = now_ns();
	cluster_lose(cluster, "gone");
	assert_lost("gone");
	assert_true(now_ns() - begin >= SESSION_MARGIN(ttl) / 2 * 1000000LL);
}

static void a_command_that_ends_well_has_lost_all_the_same(void **state)
{
	command_start(&command, "run", ETCD, key_text(state), "--", "sh", "-c",
		      "trap 'echo tidied; exit 0' TERM; exec 3<&0; cat <&3 & "
		      "echo ready; wait");
	command_expect(&command, "ready");
	cluster_lose(cluster, "gone");
	command_expect(&command, "tidied");
	assert_lost("gone");
}

static void a_stopped_command_ends(void **state)
{
	pid_t pid;

	if (is_slow())
		skip(); /* valgrind has no stopped processes */
	pid = start_reader(key_text(state));
	kill(pid, SIGSTOP);
	wait_stopped(pid);
	cluster_lose(cluster, "gone");
	assert_lost("gone");
	assert_true(is_gone(pid));
}

static void a_stopped_wrapper_goes_on_to_tell(void **state)
{
	pid_t pid;

	if (is_slow())
		skip(); /* valgrind has no stopped processes */
	pid = start_reader(key_text(state));
	kill(command.pid, SIGSTOP);
	wait_stopped(command.pid);
	cluster_lose(cluster, "gone");
	assert_lost("gone");
	assert_true(is_gone(pid));
}

static void the_keeper_of_a_killed_wrapper_ends_the_group(void **state)
{
	pid_t pid = start_reader(key_text(state));

	kill(command.pid, SIGKILL);
	assert_int_equal(command_wait(&command), -SIGKILL);
	assert_false(is_gone(pid));
	cluster_lose(cluster, "gone");
	wait_gone(pid);
	command_end(&command);
}

static void so_does_the_one_that_replaces_a_killed_keeper(void **state)
{
	pid_t pid = start_reader(key_text(state)), first;

	first = keeper_of(command.pid, 0);
	kill(first, SIGKILL);
	keeper_of(command.pid, first);
	kill(command.pid, SIGKILL);
	command_wait(&command);
	cluster_lose(cluster, "gone");
	wait_gone(pid);
	command_end(&command);
}

static void a_killed_helper_loses_the_lock_in_time(void **state)
{
	pid_t pid;

	atomic_store(&cluster->granted_ms, 300);
	pid = start_reader(key_text(state));
	assert_in_range(cluster->holder, 2, INT32_MAX);
	kill(cluster->holder, SIGKILL);
	assert_lost("portlock-session");
	assert_true(is_gone(pid));
}

static void a_lost_lock_is_let_go_on_this_host(void **state)
{
	start_reader(key_text(state));
	cluster_lose(cluster, "gone");
	assert_lost("gone");
	assert_int_equal(
		command_run(&probe, "run", "-n", key_text(state), "true"), 0);
}

static void the_next_here_comes_after_the_end_of_the_group(void **state)
{
	static const char is_there[] = "kill -0 $0 2>&- && echo there; exit 0";
	char deaf[16];

	command_start(&command, "run", ETCD, key_text(state), "--", "sh", "-c",
		      "trap '' TERM; echo $$; exec sleep 600");
	snprintf(deaf, sizeof(deaf), "%d", (int)command_number(&command));
	command_start(&probe, "run", key_text(state), "--", "sh", "-c",
		      is_there, deaf);
	wait_for_queue(key_text(state), 1);
	cluster_lose(cluster, "gone");
	assert_int_equal(command_end(&probe), 0);
	assert_string_equal(probe.output, "");
	assert_lost("gone");
}

static void who_asked_to_be_warned_is_warned(void **state)
{
	struct command errors;
	char line[COMMAND_TEXT];
	pid_t pid;

	command_start(&command, "run", ETCD, "--on-lost=warn", key_text(state),
		      "--", READER);
	pid = command_number(&command);
	assert_int_equal(getpgid(pid), command.pid);
	cluster_lose(cluster, "the lease has ended");
	errors = (struct command){ .out = command.err };
	command_line(&errors, line);
	assert_mentions(line, "the lease has ended");
	assert_mentions(line, "runs without it");
	assert_false(is_gone(pid));
	command_tell(&command, "go on\n");
	assert_int_equal(command_end(&command), 5);
}

static void a_signal_for_the_wrapper_is_one_for_the_group(void **state)
{
	pid_t second;

	command_start(&command, "run", ETCD, key_text(state), "--", "sh", "-c",
		      "sleep 600 & echo $!; wait");
	second = command_number(&command);
	kill(command.pid, SIGTERM);
	assert_int_equal(command_wait(&command), 128 + SIGTERM);
	wait_gone(second);
	command_end(&command);
}

static void the_wrapper_waits_for_the_helper_but_not_for_ever(void **state)
{
	int64_t begun;

	if (is_slow())
		skip(); /* valgrind has no stopped processes */
	start_reader(key_text(state));
	kill(cluster->helper, SIGSTOP);
	wait_stopped(cluster->helper);
	begun = now_ns();
	assert_int_equal(command_end(&command), 5);
	assert_true(now_ns() - begun >= FINISH_NS);
	kill(cluster->helper, SIGCONT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_cluster(a_lock_that_stays_lets_the_command_end),
		with_cluster(the_group_ends_with_the_lock),
		with_cluster(
			who_does_not_obey_is_killed_when_the_command_has_ended),
		with_cluster(who_does_not_obey_has_half_of_what_is_left),
		with_cluster(a_command_that_ends_well_has_lost_all_the_same),
		with_cluster(a_stopped_command_ends),
		with_cluster(a_stopped_wrapper_goes_on_to_tell),
		with_cluster(the_keeper_of_a_killed_wrapper_ends_the_group),
		with_cluster(so_does_the_one_that_replaces_a_killed_keeper),
		with_cluster(a_killed_helper_loses_the_lock_in_time),
		with_cluster(a_lost_lock_is_let_go_on_this_host),
		with_cluster(the_next_here_comes_after_the_end_of_the_group),
		with_cluster(who_asked_to_be_warned_is_warned),
		with_cluster(a_signal_for_the_wrapper_is_one_for_the_group),
		with_cluster(the_wrapper_waits_for_the_helper_but_not_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
