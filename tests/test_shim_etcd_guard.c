/* SPDX-License-Identifier: MIT */
/* test_shim_etcd_guard.c - portlock-guard, which ends who loses a lock of a
 * cluster: without it there is none, it ends with its host, and goes on for
 * its heirs.
 */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/etcd_files.h"

static void without_a_guard_there_is_no_lock(void **state)
{
	struct child *victim;

	setenv("PORTLOCK_GUARD", "/nonexistent/guard", 1);
	victim = start(*state, "");
	assert_int_equal(victim_do(victim, FILE_ex), ENOLCK);
	assert_true(victim_log_has("/nonexistent/guard: is not there"));
	assert_int_equal(victim_do(start(*state, "on-lost=warn"), FILE_ex), 0);
}

static void the_guard_ends_with_its_host(void **state)
{
	struct child *victim = holder(*state, "");

	assert_int_equal(guard_signal(0), 1);
	child_kill(victim);
	guard_await_none();
	victim = holder(*state, "");
	assert_int_equal(guard_signal(0), 1);
	assert_int_equal(child_end(victim), 0);
	guard_await_none();
}

static void one_that_was_killed_is_replaced(void **state)
{
	struct child *victim = holder(*state, "");

	assert_int_equal(victim_do(victim, FILE_un), 0);
	assert_int_equal(guard_signal(SIGKILL), 1);
	guard_await_none();
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	assert_int_equal(guard_signal(0), 1);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(victim), -SIGTERM);
}

/* Fewer descriptors than the guard has slots. */
static void a_low_limit_leaves_room_for_the_guard(void **state)
{
	const struct rlimit low = { 128, 128 };
	struct child *victim = start(*state, "");

	require(prlimit(victim->pid, RLIMIT_NOFILE, &low, NULL) == 0);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(victim), -SIGTERM);
}

/* The page that both share is as large as a file may not be; nor may the log
 * be, so nothing tells of it in the second round. */
static void a_limit_of_files_ends_no_program(void **state)
{
	const struct rlimit low[] = { { 4096, 4096 }, { 0, 0 } };

	for (int i = 0; i < 2; i++) {
		struct child *victim = start(*state, "");

		require(prlimit(victim->pid, RLIMIT_FSIZE, &low[i], NULL) == 0);
		assert_int_equal(victim_do(victim, FILE_ex), ENOLCK);
		assert_true(victim_log_has("(RLIMIT_FSIZE) is too small"));
		assert_int_equal(child_end(victim), 0);
	}
}

struct process_1 {
	struct filelock_names *names;
	const char *options;
};

/* flock(1), which says nothing of a lock that is taken. */
static void run_as_process_1(struct child *parent, void *argument)
{
	const struct process_1 *one = argument;
	int status = 0;
	pid_t pid;

	(void)parent;
	if (unshare(CLONE_NEWPID) < 0)
		_exit(77);
	pid = fork();
	if (pid == 0) {
		setenv("LD_PRELOAD", getenv("PORTLOCK_SHIM"), 1);
		setenv("PORTLOCK_RULES", rules_with(one->names, one->options),
		       1);
		if (chdir(one->names->folder) == 0)
			execlp("flock", "flock", "-n", "a", "true",
			       (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	_exit(WEXITSTATUS(status));
}

/* Nobody in a container can end its init. */
static void process_1_of_a_container_gets_no_lock(void **state)
{
	struct process_1 one = { *state, "" };
	int status = child_end(child_start(run_as_process_1, &one));

	if (status == 77)
		skip();
	assert_int_equal(status, 1);
	assert_int_equal(guard_count(), 0);
	assert_int_equal(cluster->started, 0);
	one.options = "on-lost=warn";
	assert_int_equal(child_end(child_start(run_as_process_1, &one)), 0);
}

/* As all processes of a service are. */
static void one_that_is_told_to_end_goes_on(void **state)
{
	struct child *victim = holder(*state, "");

	assert_int_equal(guard_signal(SIGTERM), 1);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(victim), -SIGTERM);
	guard_await_none();
	assert_true(victim_log_has("lost to the cluster: ended"));
}

/* The guard keeps what the parent left to it. */
static void an_heir_goes_on_with_it(void **state)
{
	struct child *victim = holder(*state, "");
	pid_t parent = victim->pid;

	assert_int_equal(victim_do(victim, FILE_fork_and_exit), 0);
	wait_until(guarded_has_ended, &parent);
	assert_int_equal(victim_do(victim, FILE_b), 0);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	assert_int_equal(cluster->grants, 1);
	assert_int_equal(cluster->releases, 0);
	assert_int_equal(guard_signal(0), 1);
	cluster_lose(cluster, "gone");
	guard_await_none();
	assert_true(victim_log_has("lost to the cluster: ended"));
}

/* What the guard of its parent kept says nothing of what it takes itself: a lock
 * of F_OFD_SETLK is kept by nobody, and goes to an heir. */
static void an_heir_of_an_heir_gets_what_no_guard_keeps(void **state)
{
	struct filelock_names *names = *state;
	struct child *victim, *other;
	char rules[2048];
	pid_t parent;

	snprintf(rules, sizeof(rules),
		 "flock %s/* key=%s transport=etcd\n"
		 "fcntl %s/* key=%s transport=etcd",
		 names->folder, names->key, names->folder, names->key);
	victim = filelock_start(names, rules);
	parent = victim->pid;
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	assert_int_equal(victim_do(victim, FILE_fork_and_exit), 0);
	wait_until(guarded_has_ended, &parent);
	assert_int_equal(victim_do(victim, FILE_un), 0);
	guard_await_none();
	cluster_await_all_ended(cluster); /* what comes next only tries */
	assert_int_equal(victim_do(victim, FILE_b), 0);
	assert_int_equal(victim_do(victim, FILE_ofd_w), 0);
	assert_int_equal(victim_do(victim, FILE_fork_and_exit), 0);
	guard_await_none();
	other = filelock_start(names, rules);
	assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
	assert_int_equal(victim_do(victim, FILE_ofd_u), 0);
	assert_int_equal(victim_do(other, FILE_ex), 0);
}

/* As it would without such a rule. */
static void an_heir_gets_it_where_the_guard_was_killed(void **state)
{
	struct child *victim = holder(*state, ""), *other;
	pid_t parent = victim->pid;

	assert_int_equal(guard_signal(SIGKILL), 1);
	guard_await_none();
	assert_int_equal(victim_do(victim, FILE_fork_and_exit), 0);
	wait_until(guarded_has_ended, &parent);
	other = start(*state, "");
	assert_int_equal(victim_do(other, FILE_b), 0);
	assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
	assert_int_equal(cluster->releases, 0);
	assert_int_equal(victim_do(victim, FILE_un), 0);
	assert_int_equal(victim_do(other, FILE_ex), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_files(without_a_guard_there_is_no_lock),
		with_files(the_guard_ends_with_its_host),
		with_files(one_that_was_killed_is_replaced),
		with_files(a_low_limit_leaves_room_for_the_guard),
		with_files(a_limit_of_files_ends_no_program),
		with_files(process_1_of_a_container_gets_no_lock),
		with_files(one_that_is_told_to_end_goes_on),
		with_files(an_heir_goes_on_with_it),
		with_files(an_heir_of_an_heir_gets_what_no_guard_keeps),
		with_files(an_heir_gets_it_where_the_guard_was_killed),
	};

	if (!guard_is_in_time())
		return 77;
	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
