/* SPDX-License-Identifier: MIT */
/* test_shim_etcd_lost.c - who loses a lock of a cluster ends in time, with what
 * it has started, or is warned.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/etcd_files.h"

static void a_loss_ends_the_process(void **state)
{
	struct child *victim = holder(*state, "");

	assert_int_equal(guard_signal(0), 1);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(victim), -SIGTERM);
	guard_await_none();
	assert_true(victim_log_has("lost to the cluster: ended"));
}

/* What a holder that has no log and loses its lock says on standard error. */
static void lose_aloud(struct filelock_names *names, const char *options,
		       char said[256])
{
	int errors = memfd_create("stderr", MFD_CLOEXEC), own = dup(2);
	struct child *victim;
	ssize_t size;

	require(errors >= 0 && own >= 0);
	victim_log_teardown();
	require(dup2(errors, 2) == 2);
	victim = start(names, options);
	require(dup2(own, 2) == 2);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(victim), -SIGTERM);
	guard_await_none();
	/* Where the program would have gone on. */
	require(write(errors, "after\n", 6) == 6);
	size = pread(errors, said, 255, 0);
	require(size >= 0);
	said[size] = '\0';
	close(errors);
	close(own);
}

/* Where Yama forbids it, the guard cannot write where the program does. */
static bool may_share(void)
{
	FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (file) {
		require(fscanf(file, "%d", &scope) == 1);
		fclose(file);
	}
	return scope == 0 || (scope < 3 && geteuid() == 0);
}

static void a_loss_is_told_without_a_log_too(void **state)
{
	char said[256];

	lose_aloud(*state, "", said);
	assert_non_null(strstr(said, may_share()
					     ? "to the cluster: ended\nafter\n"
					     : "to the cluster: ended\n"));
	lose_aloud(*state, "log=none", said);
	assert_string_equal(said, "after\n");
}

static void assert_time_to_end(struct filelock_names *names, int ttl)
{
	struct child *victim;
	char text[16];
	int64_t begin;

	snprintf(text, sizeof(text), "%d", ttl);
	setenv("PORTLOCK_ETCD_TTL", text, 1);
	signal(SIGTERM, SIG_IGN);
	victim = holder(names, "");
	signal(SIGTERM, SIG_DFL);
	begin = now_ns();
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(victim), -SIGKILL);
	assert_true(now_ns() - begin >= SESSION_MARGIN(ttl) / 2 * 1000000LL);
}

/* It has half of what is left of the lease: of any lease. */
static void one_that_ignores_the_signal_ends_before_the_lease(void **state)
{
	assert_time_to_end(*state, 5);
	assert_time_to_end(*state, SESSION_TTL_DEFAULT + 5);
}

static void one_that_is_stopped_ends_as_well(void **state)
{
	struct child *victim = holder(*state, "");

	kill(victim->pid, SIGSTOP);
	wait_stopped(victim->pid);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(victim), -SIGTERM);
}

/* flock(1), and what it was told to start; before it, a child of its own. */
static void run_command(struct child *parent, void *argument)
{
	struct filelock_names *names = argument;
	char script[2048];

	(void)parent;
	snprintf(script, sizeof(script),
		 "cd %s; sleep 100 & echo $! >b; sleep 0.05; "
		 "exec flock a sh -c 'echo $$ >>b; exec sleep 100'",
		 names->folder);
	setenv("LD_PRELOAD", getenv("PORTLOCK_SHIM"), 1);
	setenv("PORTLOCK_RULES", rules_with(names, ""), 1);
	execlp("sh", "sh", "-c", script, (char *)NULL);
	_exit(127);
}

struct pids {
	struct filelock_names *names;
	pid_t before, since;
};

static bool are_known(void *argument)
{
	struct pids *pids = argument;
	char path[600];
	FILE *file;
	int count = 0;

	snprintf(path, sizeof(path), "%s/b", pids->names->folder);
	file = fopen(path, "re");
	if (file) {
		count = fscanf(file, "%d %d ", &pids->before, &pids->since);
		fclose(file);
	}
	return count == 2;
}

/* Or it is about to: what has been sent a signal that ends it cannot be stopped
 * any more. */
static bool has_stopped_or_ended(void *pid)
{
	return process_state(*(pid_t *)pid) == 'T' || guarded_has_ended(pid);
}

static void what_it_has_started_since_ends_as_well(void **state)
{
	struct pids pids = { *state, 0, 0 };
	struct child *command = child_start(run_command, *state);

	wait_until(are_known, &pids);
	cluster_lose(cluster, "gone");
	/* flock(1) may see its command end first, and tell so. */
	assert_int_not_equal(guarded_end(command), 0);
	wait_until(guarded_has_ended, &pids.since);
	kill(pids.before, SIGSTOP);
	wait_until(has_stopped_or_ended, &pids.before);
	assert_false(guarded_has_ended(&pids.before));
	kill(pids.before, SIGKILL);
}

/* ---- who is not to end ---------------------------------------------------- */

/* A child whose start can be told from a grant that follows. */
static pid_t bystander(struct child *victim, int command)
{
	pid_t pid = victim_do(victim, command);

	assert_true(pid > 0);
	sleep_ns(3 * 10000000);
	return pid;
}

static void assert_lives(pid_t pid)
{
	guard_await_none();
	assert_false(guarded_has_ended(&pid));
	kill(pid, SIGKILL);
}

static bool is_logged(void *text)
{
	return victim_log_has(text);
}

/* Both are lost, but the child was started under the first only. */
static void who_is_warned_is_no_victim_of_another_loss(void **state)
{
	struct filelock_names *names = *state;
	struct fake_order lose = { .timer_ms = FAKE_TIMER_EXPIRED };
	struct child *victim;
	char rules[2048];
	pid_t first, child;

	snprintf(rules, sizeof(rules),
		 "flock %s/a key=%s-a transport=etcd on-lost=warn\n"
		 "flock %s/b key=%s transport=etcd",
		 names->folder, names->key, names->folder, names->key);
	victim = filelock_start(names, rules);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	first = cluster->holder;
	child = bystander(victim, FILE_start);
	assert_int_equal(victim_do(victim, FILE_b), 0);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	cluster_order(cluster, first, &lose);
	wait_until(is_logged, (void *)"and goes on");
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(victim), -SIGTERM);
	assert_lives(child);
}

static void who_was_spared_is_no_victim_of_the_next_loss(void **state)
{
	struct child *victim = holder(*state, "");
	pid_t child = bystander(victim, FILE_start_stubborn);

	assert_int_equal(victim_do(victim, FILE_un_at_term), 0);
	cluster_lose(cluster, "gone");
	cluster_await(&cluster->releases, 1);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	/* What it unlocks now. */
	assert_int_equal(victim_do(victim, FILE_b), 0);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(victim), -SIGKILL);
	assert_lives(child);
}

static nlink_t nlink_of(const char *path)
{
	struct stat about = { .st_nlink = 0 };

	stat(path, &about);
	return about.st_nlink;
}

static bool has_threads(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	return nlink_of(path) > 3;
}

static void what_has_lost_its_first_thread_ends_as_well(void **state)
{
	struct child *victim = holder(*state, "");
	pid_t child = victim_do(victim, FILE_start_headless);

	assert_true(child > 0);
	while (process_state(child) != 'Z')
		sleep_ns(1000000);
	assert_true(has_threads(child));
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(victim), -SIGTERM);
	guard_await_none();
	assert_false(has_threads(child));
}

static void who_let_it_go_before_lives(void **state)
{
	struct fake_order expire = { .timer_ms = FAKE_TIMER_EXPIRED };
	struct child *victim = holder(*state, "");

	for (int i = 0; i < rounds(50); i++) {
		assert_int_equal(victim_do(victim, FILE_un), 0);
		/* Which the guard has a copy of. */
		cluster_order(cluster, cluster->helper, &expire);
		assert_int_equal(victim_do(victim, FILE_ex), 0);
	}
	sleep_ns(MOMENT);
	assert_int_equal(victim_do(victim, FILE_un), 0);
	assert_int_equal(guard_signal(0), 1);
	assert_false(victim_log_has("lost"));
}

static void a_warning_is_all_if_the_rule_says_so(void **state)
{
	struct child *victim = holder(*state, "on-lost=warn");
	struct child *other;

	cluster_lose(cluster, "gone");
	while (!victim_log_has("lost to the cluster, and goes on"))
		sleep_ns(1000000);
	assert_int_equal(victim_do(victim, FILE_un), 0);
	other = holder(*state, "on-lost=warn");
	assert_int_equal(victim_do(victim, FILE_ex_nb), EWOULDBLOCK);
	assert_int_equal(victim_do(other, FILE_un), 0);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
}

static void a_lost_lock_is_not_shared_any_more(void **state)
{
	struct child *victim = holder(*state, "on-lost=warn");

	cluster_lose(cluster, "gone");
	while (!victim_log_has("goes on"))
		sleep_ns(1000000);
	assert_int_equal(victim_do(victim, FILE_b), 0);
	assert_int_equal(victim_do(victim, FILE_ex), ENOLCK);
	assert_true(victim_log_has("was lost to the cluster"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_files(a_loss_ends_the_process),
		with_files(a_loss_is_told_without_a_log_too),
		with_files(one_that_ignores_the_signal_ends_before_the_lease),
		with_files(one_that_is_stopped_ends_as_well),
		with_files(what_it_has_started_since_ends_as_well),
		with_files(what_has_lost_its_first_thread_ends_as_well),
		with_files(who_is_warned_is_no_victim_of_another_loss),
		with_files(who_was_spared_is_no_victim_of_the_next_loss),
		with_files(who_let_it_go_before_lives),
		with_files(a_warning_is_all_if_the_rule_says_so),
		with_files(a_lost_lock_is_not_shared_any_more),
	};

	if (!guard_is_in_time())
		return 77;
	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
