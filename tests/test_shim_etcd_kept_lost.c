/* SPDX-License-Identifier: MIT */
/* test_shim_etcd_kept_lost.c - who shares a file whose lock is lost ends, and
 * nobody else.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "support/hang.h"
#include "support/kept_files.h"

static void who_shares_it_ends_when_it_is_lost(void **state)
{
	struct child *inside = shell(*state, "", "exec 9>a; flock 9; " INSIDE);

	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(inside), -SIGTERM);
	guard_await_none();
	assert_true(log_has("lost to the cluster: ended"));
}

/* The kernel names who made it another kind of lock, and that has ended. */
static void who_shares_another_kind_of_it_ends(void **state)
{
	struct child *inside =
		shell(*state, "", "exec 9>a; flock 9; flock -s 9; " INSIDE);

	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(inside), -SIGTERM);
	guard_await_none();
	inside = shell(*state, "", "exec 9>a; flock -s 9; flock 9; " INSIDE);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(inside), -SIGTERM);
	guard_await_none();
}

/* Again and again, inside of one hold. */
static void who_shares_many_kinds_of_it_ends(void **state)
{
	struct child *inside =
		shell(*state, "",
		      "exec 9>a; flock 9; for i in 1 2 3 4 5 6; do"
		      " flock -n -s 9; flock -n 9; done; " INSIDE);

	assert_int_equal(cluster->grants, 1);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(inside), -SIGTERM);
	guard_await_none();
}

/* A fork of who took it, which had made it another kind before that ended.  The
 * first process shares nothing, and ends with the input of what it reads. */
static void a_fork_that_shares_another_kind_ends(void **state)
{
	struct child *family =
		shell(*state, "",
		      "exec perl -e 'pipe $end, $held; pipe $done, $do;"
		      " if (!fork) { open $a, \">>a\"; flock $a, 2;"
		      " if (!fork) { close $done; flock $a, 1 or die;"
		      " close $do; sysread STDIN, $x, 8; exit }"
		      " close $do; close $held; sysread $done, $x, 1;"
		      " kill \"KILL\", $$ }"
		      " close $do; close $held; wait;"
		      " syswrite STDOUT, \"\\0\" x 8; sysread $end, $x, 1'");

	assert_int_equal(cluster->grants, 1);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(family), 0);
	guard_await_none();
}

static void who_ignores_that_is_killed(void **state)
{
	struct child *inside =
		shell(*state, "", "trap '' TERM; exec 9>a; flock 9; " INSIDE);
	int64_t begin = now_ns();

	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(inside), -SIGKILL);
	assert_true(now_ns() - begin >= SESSION_MARGIN(5) / 2 * 1000000LL);
	guard_await_none();
}

static void who_closes_it_in_time_lives(void **state)
{
	struct child *inside =
		shell(*state, "",
		      "trap 'exec 9>&-' TERM; exec 9>a; flock 9; "
		      "printf \"\\0\\0\\0\\0\\0\\0\\0\\0\"; "
		      "until read -r word; do :; done");

	cluster_lose(cluster, "gone");
	guard_await_none();
	assert_false(guarded_has_ended(&inside->pid));
	say(inside, NEWLINES);
	assert_int_equal(child_end(inside), 0);
}

static void who_does_not_share_it_lives(void **state)
{
	struct child *outside = shell(
		*state, "", "exec 9>a; flock 9; exec 8>a; exec 9>&-; " INSIDE);

	cluster_lose(cluster, "gone");
	say(outside, NEWLINES);
	assert_int_equal(child_end(outside), 0);
	guard_await_none();
}

/* Who knows nothing of the cluster, and waits for the file's lock. */
static void lock_it(struct child *parent, void *argument)
{
	const struct filelock_names *names = argument;
	int fd;

	require(chdir(names->folder) == 0);
	fd = open("a", O_RDWR | O_CLOEXEC);
	require(fd >= 0);
	say(parent, 0);
	require(flock(fd, LOCK_EX) == 0);
	say(parent, 0);
	hear_or_end(parent, &(int64_t){ 0 });
}

/* It has the file's lock before the guard can ask for that. */
static void who_has_the_file_next_lives(void **state)
{
	struct child *inside =
		shell(*state, "", "exec flock a sh -c '" INSIDE "'");
	struct child *next = child_start(lock_it, *state);

	hear(next);
	assert_int_equal(guard_signal(SIGSTOP), 1);
	cluster_lose(cluster, "gone");
	say(inside, NEWLINES); /* the command ends, and flock after it */
	assert_int_equal(child_end(inside), 0);
	hear(next);
	assert_int_equal(guard_signal(SIGCONT), 1);
	/* Until it would have been killed. */
	sleep_ns(SESSION_MARGIN(5) / 2 * INT64_C(1000000) + 5 * MOMENT);
	assert_int_equal(child_end(next), 0);
	guard_await_none();
}

static void a_warning_is_all_if_the_rule_says_so(void **state)
{
	struct child *inside =
		shell(*state, "on-lost=warn", "exec 9>a; flock 9; " INSIDE);

	cluster_lose(cluster, "gone");
	wait_until(is_logged, (void *)"lost to the cluster, and goes on");
	say(inside, NEWLINES);
	assert_int_equal(child_end(inside), 0);
	guard_await_none();
}

/* ---- limits --------------------------------------------------------------- */

/* More files than the guard has descriptors for: these do not outlive the
 * process, and take nothing from the guard of what is held. */
static void many_files_leave_the_guard_room(void **state)
{
	struct child *inside = shell(
		*state, "",
		"ulimit -n 128; exec perl -e 'for (1 .. 50) {"
		" open $f[$_], \">a$_\"; flock $f[$_], 2; unlink \"a$_\" }"
		" syswrite STDOUT, \"\\0\" x 8; <STDIN>'");

	wait_until(is_logged, (void *)"no room for so many files");
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(inside), -SIGTERM);
	guard_await_none();
}

/* ---- file systems that hang ----------------------------------------------- */

/* As one may that is as far away as the cluster. */
static void a_log_that_hangs_delays_no_end(void **state)
{
	struct child *inside = shell(
		*state, "", ": >log; trap '' TERM; exec 9>a; flock 9; " INSIDE);
	int hang = hang_begin(log_file);

	if (hang < 0)
		skip();
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(inside), -SIGKILL);
	hang_end(hang);
	guard_await_none();
	assert_true(log_has("lost to the cluster: ended"));
}

static void a_file_that_hangs_delays_no_end(void **state)
{
	struct filelock_names *names = *state;
	struct child *inside =
		shell(names, "", "exec 9>a; " HERE "; flock 9; " INSIDE);
	char file[600];
	int hang;

	snprintf(file, sizeof(file), "%s/a", names->folder);
	hang = hang_begin(file);
	if (hang < 0)
		skip();
	say(inside, NEWLINES);
	assert_int_equal(hear(inside), 0);
	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(inside), -SIGTERM);
	hang_end(hang);
	guard_await_none();
	assert_true(log_has("lost to the cluster: ended"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_files(who_shares_it_ends_when_it_is_lost),
		with_files(who_shares_another_kind_of_it_ends),
		with_files(who_shares_many_kinds_of_it_ends),
		with_files(a_fork_that_shares_another_kind_ends),
		with_files(who_ignores_that_is_killed),
		with_files(who_closes_it_in_time_lives),
		with_files(who_does_not_share_it_lives),
		with_files(who_has_the_file_next_lives),
		with_files(a_warning_is_all_if_the_rule_says_so),
		with_files(many_files_leave_the_guard_room),
		with_files(a_log_that_hangs_delays_no_end),
		with_files(a_file_that_hangs_delays_no_end),
	};

	if (!kept_can_be_tested())
		return 77;
	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
