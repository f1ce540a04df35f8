/* SPDX-License-Identifier: MIT */
/* test_shim_etcd.c - rules with transport=etcd: the program's locks exclude in
 * a cluster, fail where that cannot be, and end with the process if lost.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/cluster.h"
#include "support/filelock.h"
#undef MOMENT
#undef BARE
#include "support/lockfile.h"

/* The guards of a test have a name of their own. */
static char guard[PATH_MAX], guard_name[16], real_guard[PATH_MAX];
static char rules[2048];

static struct cluster *begin(void)
{
	static int number;
	const char *folder = getenv("TMPDIR");

	snprintf(real_guard, sizeof(real_guard), "%s",
		 getenv("PORTLOCK_GUARD"));
	snprintf(guard_name, sizeof(guard_name), "g%d-%d", (int)getpid(),
		 ++number);
	snprintf(guard, sizeof(guard), "%s/%s", folder ? folder : "/tmp",
		 guard_name);
	require(symlink(real_guard, guard) == 0);
	setenv("PORTLOCK_GUARD", guard, 1);
	setenv("PORTLOCK_ETCD_TTL", "5", 1);
	return cluster_start();
}

static bool has_name(const char *pid)
{
	char path[300], name[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	name[strcspn(name, "\n")] = '\0';
	return strcmp(name, guard_name) == 0;
}

static int guards(void)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	require(folder != NULL);
	while ((entry = readdir(folder)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			count += has_name(entry->d_name) &&
				 process_state(atoi(entry->d_name)) != 'Z';
	closedir(folder);
	return count;
}

static bool no_guards(void *unused)
{
	(void)unused;
	return guards() == 0;
}

static void end(void)
{
	children_kill();
	wait_until(no_guards, NULL);
	unlink(guard);
	setenv("PORTLOCK_GUARD", real_guard, 1);
	unsetenv("PORTLOCK_SESSION");
	unsetenv("PORTLOCK_ETCD_ENDPOINTS");
	unsetenv("PORTLOCK_ETCD_TTL");
}

static int setup(void **state)
{
	int error = filelock_setup(state);

	cluster = begin();
	return error;
}

static int teardown(void **state)
{
	end();
	return filelock_teardown(state);
}

#define with_files(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static const char *rules_with(struct filelock_names *names, const char *options)
{
	snprintf(rules, sizeof(rules), "flock %s/* key=%s transport=etcd %s",
		 names->folder, names->key, options);
	return rules;
}

static struct child *start(struct filelock_names *names, const char *options)
{
	return filelock_start(names, rules_with(names, options));
}

static struct child *holder(struct filelock_names *names, const char *options)
{
	struct child *victim = start(names, options);

	assert_int_equal(victim_do(victim, FILE_ex), 0);
	return victim;
}

static bool has_ended(void *pid)
{
	char state = process_state(*(pid_t *)pid);

	return state == 'Z' || state == '?';
}

/* It is ended by others, not by the end of its input. */
static int end_of(struct child *victim)
{
	wait_until(has_ended, &victim->pid);
	return child_end(victim);
}

/* ---- exclusion ------------------------------------------------------------ */

static void a_lock_is_one_of_the_cluster(void **state)
{
	struct child *victim = holder(*state, "");

	assert_int_equal(cluster->grants, 1);
	assert_int_equal(victim_do(victim, FILE_un), 0);
	cluster_await(&cluster->releases, 1);
	cluster_elsewhere(cluster, true);
	assert_int_equal(victim_do(victim, FILE_ex_nb), EWOULDBLOCK);
	/* Also of those who share it: the other host's may be exclusive. */
	assert_int_equal(victim_do(victim, FILE_sh_nb), EWOULDBLOCK);
	say(victim, FILE_ex);
	cluster_await(&cluster->acquires, 2);
	sleep_ns(MOMENT);
	assert_false(has_said(victim));
	cluster_elsewhere(cluster, false);
	assert_int_equal(hear(victim), 0);
}

static void a_wait_has_the_rules_end(void **state)
{
	struct child *victim = start(*state, "timeout=0.1");

	cluster_elsewhere(cluster, true);
	assert_int_equal(victim_do(victim, FILE_ex), ENOLCK);
	cluster_elsewhere(cluster, false);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
}

static void without_the_cluster_nothing_is_locked(void **state)
{
	struct child *victim;

	setenv("PORTLOCK_SESSION", "/nonexistent/session", 1);
	victim = start(*state, "");
	assert_int_equal(victim_do(victim, FILE_ex), ENOLCK);
	assert_int_equal(victim_do(victim, FILE_ex_nb), EWOULDBLOCK);
	assert_true(victim_log_has("/nonexistent/session is not there"));
	/* Nor is the real lock left behind. */
	assert_int_equal(victim_do(filelock_start(*state, BARE), FILE_ex_nb),
			 0);
}

static void a_fork_of_the_holder_does_not_wait_for_it(void **state)
{
	struct child *victim = holder(*state, "");

	/* Only its real lock keeps it out: the hold is its parent's. */
	assert_int_not_equal(victim_do(victim, FILE_ex_in_child), 0);
	assert_true(victim_log_has("an ancestor of this process has it"));
}

/* ---- losses --------------------------------------------------------------- */

static void a_loss_ends_the_process(void **state)
{
	struct child *victim = holder(*state, "");

	assert_int_equal(guards(), 1);
	cluster_lose(cluster, "gone");
	assert_int_equal(end_of(victim), -SIGTERM);
	assert_true(victim_log_has("lost to the cluster: ended"));
}

static void one_that_ignores_the_signal_ends_before_the_lease(void **state)
{
	struct filelock_names *names = *state;
	struct child *victim;
	int64_t begin;

	signal(SIGTERM, SIG_IGN);
	victim = holder(names, "");
	signal(SIGTERM, SIG_DFL);
	begin = now_ns();
	cluster_lose(cluster, "gone");
	assert_int_equal(end_of(victim), -SIGKILL);
	assert_true(now_ns() - begin >= SESSION_MARGIN(5) / 2 * 1000000LL);
}

static void one_that_is_stopped_ends_as_well(void **state)
{
	struct child *victim = holder(*state, "");

	kill(victim->pid, SIGSTOP);
	wait_stopped(victim->pid);
	cluster_lose(cluster, "gone");
	assert_int_equal(end_of(victim), -SIGTERM);
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

static void what_it_has_started_since_ends_as_well(void **state)
{
	struct pids pids = { *state, 0, 0 };
	struct child *command = child_start(run_command, *state);

	wait_until(are_known, &pids);
	cluster_lose(cluster, "gone");
	/* flock(1) may see its command end first, and tell so. */
	assert_int_not_equal(end_of(command), 0);
	wait_until(has_ended, &pids.since);
	assert_false(has_ended(&pids.before));
	kill(pids.before, SIGKILL);
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
	assert_int_equal(guards(), 1);
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

/* ---- the guard ------------------------------------------------------------ */

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

	assert_int_equal(guards(), 1);
	child_kill(victim);
	wait_until(no_guards, NULL);
	victim = holder(*state, "");
	assert_int_equal(guards(), 1);
	assert_int_equal(child_end(victim), 0);
	wait_until(no_guards, NULL);
}

static void one_that_was_killed_is_replaced(void **state)
{
	struct child *victim = holder(*state, "");
	char command[64];

	snprintf(command, sizeof(command), "kill -9 $(pidof %s)", guard_name);
	assert_int_equal(victim_do(victim, FILE_un), 0);
	if (system(command) != 0)
		skip();
	wait_until(no_guards, NULL);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	assert_int_equal(guards(), 1);
	cluster_lose(cluster, "gone");
	assert_int_equal(end_of(victim), -SIGTERM);
}

/* As all processes of a service are. */
static void one_that_is_told_to_end_goes_on(void **state)
{
	struct child *victim = holder(*state, "");
	char command[64];

	snprintf(command, sizeof(command), "kill -TERM $(pidof %s)",
		 guard_name);
	if (system(command) != 0)
		skip();
	cluster_lose(cluster, "gone");
	assert_int_equal(end_of(victim), -SIGTERM);
	assert_true(victim_log_has("lost to the cluster: ended"));
}

static void an_heir_has_its_own(void **state)
{
	struct child *victim = holder(*state, "");
	pid_t parent = victim->pid;

	assert_int_equal(victim_do(victim, FILE_fork_and_exit), 0);
	wait_until(has_ended, &parent);
	wait_until(no_guards, NULL);
	/* It goes on with what it was left, and is watched from here on. */
	assert_int_equal(victim_do(victim, FILE_b), 0);
	assert_int_equal(victim_do(victim, FILE_ex), 0);
	assert_int_equal(cluster->grants, 1);
	assert_int_equal(cluster->releases, 0);
	assert_int_equal(guards(), 1);
	cluster_lose(cluster, "gone");
	wait_until(no_guards, NULL);
	assert_true(victim_log_has("lost to the cluster: ended"));
}

/* ---- lock files ----------------------------------------------------------- */

#define FILE_RULE "lockfile */portlock-test-*/x.lock transport=etcd timeout="

static int lockfile_begin(void **state)
{
	int error = lockfile_setup(state);

	cluster = begin();
	return error;
}

static int lockfile_end(void **state)
{
	end();
	return lockfile_teardown(state);
}

#define with_lockfiles(test)                                                   \
	cmocka_unit_test_setup_teardown(test, lockfile_begin, lockfile_end)

static void the_maker_of_a_file_has_its_lock(void **state)
{
	struct child *maker =
		lockfile_maker(*state, FILE_RULE "100", LOCKFILE_open);

	assert_int_equal(cluster->grants, 1);
	assert_int_equal(cluster->releases, 0);
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
	cluster_await(&cluster->releases, 1);
	assert_int_equal(victim_do(maker, LOCKFILE_mkdir), 0);
	assert_int_equal(cluster->grants, 2);
	cluster_lose(cluster, "gone");
	assert_int_equal(end_of(maker), -SIGTERM);
}

static void a_file_of_another_host_is_as_good_as_here(void **state)
{
	struct child *maker = lockfile_victim(*state, FILE_RULE "0.1");

	cluster_elsewhere(cluster, true);
	assert_int_equal(victim_do(maker, LOCKFILE_open), EEXIST);
	assert_false(lockfile_exists(*state));
	cluster_elsewhere(cluster, false);
	assert_int_equal(victim_do(maker, LOCKFILE_open), 0);
	assert_int_equal(victim_do(maker, LOCKFILE_unlink), 0);
}

static void no_file_is_made_without_the_cluster(void **state)
{
	setenv("PORTLOCK_SESSION", "/nonexistent/session", 1);
	assert_int_equal(victim_do(lockfile_victim(*state, FILE_RULE "100"),
				   LOCKFILE_open),
			 EEXIST);
	assert_false(lockfile_exists(*state));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_files(a_lock_is_one_of_the_cluster),
		with_files(a_wait_has_the_rules_end),
		with_files(without_the_cluster_nothing_is_locked),
		with_files(a_fork_of_the_holder_does_not_wait_for_it),
		with_files(a_loss_ends_the_process),
		with_files(one_that_ignores_the_signal_ends_before_the_lease),
		with_files(one_that_is_stopped_ends_as_well),
		with_files(what_it_has_started_since_ends_as_well),
		with_files(who_let_it_go_before_lives),
		with_files(a_warning_is_all_if_the_rule_says_so),
		with_files(a_lost_lock_is_not_shared_any_more),
		with_files(without_a_guard_there_is_no_lock),
		with_files(the_guard_ends_with_its_host),
		with_files(one_that_was_killed_is_replaced),
		with_files(one_that_is_told_to_end_goes_on),
		with_files(an_heir_has_its_own),
		with_lockfiles(the_maker_of_a_file_has_its_lock),
		with_lockfiles(a_file_of_another_host_is_as_good_as_here),
		with_lockfiles(no_file_is_made_without_the_cluster),
	};

	if (is_slow()) {
		print_message("skipped: where all is slow, rules with short "
			      "times and guards are late\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
