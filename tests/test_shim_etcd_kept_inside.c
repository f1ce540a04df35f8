/* SPDX-License-Identifier: MIT */
/* test_shim_etcd_kept_inside.c - who asks for a file that an ancestor or a shell
 * has is inside, and who seems to be and is not, asks the cluster.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/kept_files.h"

/* Waits for the file by an open file of its own, since it was started inside; 3
 * is the shell's input. */
#define WAITS "(exec 9>&-; exec flock a sh -c '" INSIDE "' <&3) & "

static void who_waits_inside_is_not_alone_with_the_file(void **state,
							const char *end)
{
	char script[512], *started = "an ancestor of this process has it";
	struct child *waiter, *other = rival(*state);
	const int ended = cluster->ended;

	/* The shell's own lock, by no flock(1). */
	snprintf(script, sizeof(script),
		 "exec 3<&0 9>>a; flock 9; " WAITS HERE "; %s; wait", end);
	waiter = shell(*state, "", script);
	wait_until(is_logged, started);
	cluster_elsewhere(cluster, true);
	say(waiter, NEWLINES); /* the shell lets go */
	cluster_await(&cluster->ended, ended + 1);
	assert_false(has_said(waiter));
	cluster_elsewhere(cluster, false);
	assert_int_equal(hear(waiter), 0);
	assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
	say(waiter, NEWLINES);
	assert_int_equal(child_end(waiter), 0);
	assert_int_equal(victim_do(other, FILE_ex), 0);
}

static void who_waits_inside_asks_when_the_file_is_unlocked(void **state)
{
	who_waits_inside_is_not_alone_with_the_file(state, "flock -u 9");
}

static void who_waits_inside_asks_when_the_file_is_closed(void **state)
{
	who_waits_inside_is_not_alone_with_the_file(state, "exec 9>&-");
}

/* The same, of a process that has the lock itself: whether the other one gets it
 * from that or from the cluster, it has it. */
static void who_waits_for_its_parent_asks(void **state, int end)
{
	char *started = "an ancestor of this process has it";
	struct child *victim = filelock_start(*state, kept_rules(*state, ""));
	struct child *other = rival(*state);
	pid_t waiter;

	assert_int_equal(victim_do(victim, FILE_ex), 0);
	waiter = victim_do(victim, FILE_ex_in_waiting_child);
	wait_until(is_logged, started);
	assert_int_equal(victim_do(victim, end), 0);
	assert_int_equal(hear(victim), 0);
	assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
	kill(waiter, SIGKILL);
	assert_int_equal(victim_do(other, FILE_ex), 0);
}

static void who_waits_for_its_parent_asks_at_its_unlock(void **state)
{
	who_waits_for_its_parent_asks(state, FILE_un);
}

static void who_waits_for_its_parent_asks_at_its_close(void **state)
{
	who_waits_for_its_parent_asks(state, FILE_close);
}

/* With many of them on the host the look at what is kept takes long. */
static void bind_some(int *sockets, int count)
{
	const struct sockaddr_un name = { .sun_family = AF_UNIX };

	for (int i = 0; i < count; i++) {
		sockets[i] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		/* The kernel chooses one. */
		bind(sockets[i], (const struct sockaddr *)&name,
		     sizeof(name.sun_family));
	}
}

/* One signal each, at any moment of the wait, which has begun when the waiter
 * has rested. */
static void a_signal_ends_the_wait_of_who_is_inside(void **state)
{
	static int sockets[900];
	const int count = sizeof(sockets) / sizeof(*sockets);
	struct child *inside;

	bind_some(sockets, count);
	inside = shell(
		*state, "",
		"exec 9>a; flock 9; perl -e 'sub rests {"
		" open my $f, \"/proc/\" . getppid . \"/status\"; local $/;"
		" <$f> =~ /^voluntary_ctxt_switches:\\s*(\\d+)/m; $1 }"
		" sub pause { select undef, undef, undef, shift }"
		" $SIG{USR1} = sub {}; open $a, \">>a\";"
		" for (1 .. 25) { if (!fork) { $before = rests();"
		" pause(0.01) until rests() > $before + 1;"
		" pause(rand 0.05); kill \"USR1\", getppid;"
		" exec \"true\" }"
		" flock $a, 2 and die; wait }' 9>&-; " INSIDE);
	say(inside, NEWLINES);
	assert_int_equal(child_end(inside), 0);
	for (int i = 0; i < count; i++)
		close(sockets[i]);
}

/* Its parent has what is this host's, and waits for the cluster. */
static void who_waits_behind_its_parent_is_not_inside(void **state)
{
	struct child *family;
	int64_t locked = 0;

	cluster_elsewhere(cluster, true);
	family = shell(*state, "",
		       "exec perl -e 'sub tell_it {"
		       " syswrite STDOUT, shift() x 8; sysread STDIN, $x, 8 }"
		       " if (!fork) { tell_it(\"\\0\"); open $b, \">>a\";"
		       " tell_it(flock($b, 6) ? \"\\1\" : \"\\0\"); exit }"
		       " open $a, \">>a\"; flock $a, 2; wait'");
	cluster_await(&cluster->acquires, 1);
	say(family, NEWLINES);
	locked = hear(family);
	cluster_elsewhere(cluster, false);
	cluster_await(&cluster->grants, 1);
	say(family, NEWLINES);
	assert_int_equal(child_end(family), 0);
	assert_int_equal(locked, 0);
}

/* A guard that is late keeps what the process itself has let go: whatever it has
 * locked by then, it is inside of nothing. */
static void who_has_let_it_go_asks_again(void **state)
{
	struct child *process =
		shell(*state, "",
		      "exec perl -e 'open $a, \">>a\"; flock $a, 2;"
		      " link \"a\", \"c\"; tell_it();"
		      " flock $a, 8; open $c, \">>c\"; unlink \"c\";"
		      " flock $c, 2;"
		      " open $b, \">>a\"; flock $b, 6 and die; tell_it();"
		      " sub tell_it { syswrite STDOUT, \"\\0\" x 8;"
		      " sysread STDIN, $x, 8 }'");
	int grants = cluster->grants;
	bool went_without;

	assert_int_equal(guard_signal(SIGSTOP), 1);
	say(process, NEWLINES);
	assert_int_equal(hear(process), 0);
	grants = cluster->grants - grants;
	went_without = log_has("an ancestor of this process has it");
	assert_int_equal(guard_signal(SIGCONT), 1);
	say(process, NEWLINES);
	assert_int_equal(child_end(process), 0);
	assert_int_equal(grants, 1);
	assert_false(went_without);
	guard_await_none();
}

/* The same of what another process has let go, to one that has several threads:
 * what one of them asks for is another one's. */
static void whose_guard_is_late_encloses_no_threads(void **state)
{
	struct child *late = filelock_start(*state, kept_rules(*state, ""));
	struct child *threads;
	bool went_without;

	if (system("perl -Mthreads -e 1 2>/dev/null") != 0) {
		print_message("skipped: perl has no threads\n");
		skip();
	}
	assert_int_equal(victim_do(late, FILE_ex), 0);
	assert_int_equal(guard_signal(SIGSTOP), 1);
	assert_int_equal(victim_do(late, FILE_un), 0);
	threads = shell(*state, "",
			"exec perl -Mthreads -e 'open $a, \">>a\";"
			" flock $a, 2; async { open $b, \">>a\";"
			" flock $b, 6 and die }->join;"
			" syswrite STDOUT, \"\\0\" x 8; sysread STDIN, $x, 8'");
	went_without = log_has("an ancestor of this process has it");
	assert_true(guard_signal(SIGCONT) > 0);
	say(threads, NEWLINES);
	assert_int_equal(child_end(threads), 0);
	assert_false(went_without);
	assert_int_equal(child_end(late), 0);
	guard_await_none();
}

static bool has_heard(void *mark)
{
	*(int *)mark = guard_mark();
	if (*(int *)mark < 0 && (errno == ENOSYS || errno == EPERM))
		skip();
	return *(int *)mark >= 0;
}

/* A copy of its mark may be with a fork of who made it, for as long as that
 * lives. */
static void what_is_over_encloses_nobody(void **state)
{
	struct child *victim = filelock_start(*state, kept_rules(*state, ""));
	struct sockaddr_un name;
	socklen_t length = sizeof(name);
	int mark, asking = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(victim_do(victim, FILE_ex), 0);
	wait_until(has_heard, &mark);
	assert_int_equal(getsockname(mark, (struct sockaddr *)&name, &length),
			 0);
	assert_int_equal(connect(asking, (struct sockaddr *)&name, length), 0);
	close(asking);
	assert_int_equal(victim_do(victim, FILE_un), 0);
	assert_int_equal(child_end(victim), 0);
	guard_await_none();
	asking = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(asking, (struct sockaddr *)&name, length), -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(asking);
	close(mark);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_files(who_waits_inside_asks_when_the_file_is_unlocked),
		with_files(who_waits_inside_asks_when_the_file_is_closed),
		with_files(who_waits_for_its_parent_asks_at_its_unlock),
		with_files(who_waits_for_its_parent_asks_at_its_close),
		with_files(a_signal_ends_the_wait_of_who_is_inside),
		with_files(who_waits_behind_its_parent_is_not_inside),
		with_files(who_has_let_it_go_asks_again),
		with_files(whose_guard_is_late_encloses_no_threads),
		with_files(what_is_over_encloses_nobody),
	};

	if (!kept_can_be_tested())
		return 77;
	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
