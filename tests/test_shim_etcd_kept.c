/* SPDX-License-Identifier: MIT */
/* test_shim_etcd_kept.c - a lock of flock(2) goes on with who has the file open,
 * and so does the cluster's: as shells use flock(1).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/filelock.h"
#include "support/guard.h"
#include "support/hang.h"

#define NEWLINES 0x0a0a0a0a0a0a0a0a /* for a shell's read */

/* Tells that it is inside, and waits to be told to leave; by itself, as what it
 * started would share its files. */
#define INSIDE "printf \"\\0\\0\\0\\0\\0\\0\\0\\0\"; read -r word"
/* Tells where it is, and goes on when it is told to. */
#define HERE "printf \"\\0\\0\\0\\0\\0\\0\\0\\0\"; head -c 8 >/dev/null"

static char log_file[600];

static int setup(void **state)
{
	struct filelock_names *names;
	int error = filelock_setup(state);

	names = *state;
	snprintf(log_file, sizeof(log_file), "%s/log", names->folder);
	cluster = guard_begin();
	return error;
}

static int teardown(void **state)
{
	guard_end();
	unlink(log_file);
	return filelock_teardown(state);
}

#define with_files(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* ---- shells --------------------------------------------------------------- */

struct start {
	struct filelock_names *names;
	const char *options, *script;
};

static const char *rules(struct filelock_names *names, const char *options)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		 "flock %s/[ab]* key=%s transport=etcd log=%s %s",
		 names->folder, names->key, log_file, options);
	return text;
}

static void run_shell(struct child *parent, void *argument)
{
	const struct start *start = argument;

	require(chdir(start->names->folder) == 0 &&
		dup2(parent->in, STDIN_FILENO) >= 0 &&
		dup2(parent->out, STDOUT_FILENO) >= 0);
	setenv("LD_PRELOAD", getenv("PORTLOCK_SHIM"), 1);
	setenv("PORTLOCK_RULES", rules(start->names, start->options), 1);
	execlp("sh", "sh", "-c", start->script, (char *)NULL);
	_exit(127);
}

/* One that is inside. */
static struct child *shell(struct filelock_names *names, const char *options,
			   const char *script)
{
	struct start start = { names, options, script };
	struct child *child = child_start(run_shell, &start);

	assert_int_equal(hear(child), 0);
	return child;
}

/* By another file: only the key keeps it out. */
static struct child *rival(struct filelock_names *names)
{
	struct child *victim = filelock_start(names, rules(names, ""));

	assert_int_equal(victim_do(victim, FILE_b), 0);
	return victim;
}

static bool log_has(const char *text)
{
	char command[1024];

	snprintf(command, sizeof(command), "grep -q '%s' %s 2>/dev/null", text,
		 log_file);
	return system(command) == 0;
}

static bool is_logged(void *text)
{
	return log_has(text);
}

/* ---- sections ------------------------------------------------------------- */

static void in_a_section_nobody_else_is(void **state, const char *script)
{
	struct child *inside = shell(*state, "", script);
	struct child *other = rival(*state);
	int grants = cluster->grants;

	assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
	say(other, FILE_ex);
	say(inside, NEWLINES);
	assert_int_equal(hear(other), 0);
	assert_int_equal(cluster->grants, grants + 1);
	child_end(inside);
	assert_int_equal(child_end(other), 0);
	guard_await_none();
	cluster_await_all_ended(cluster);
}

#define SECTION(name, script)                                                  \
	static void name(void **state)                                         \
	{                                                                      \
		in_a_section_nobody_else_is(state, script);                    \
	}

SECTION(of_a_subshell, "( flock 9; " INSIDE " ) 9>a")
SECTION(of_a_subshell_with_a_timeout, "( flock -w 10 9; " INSIDE " ) 9>a")
SECTION(of_a_subshell_that_reads, ": >a; ( flock 9; " INSIDE " ) 9<a")
SECTION(up_to_the_unlock, "exec 9>a; flock 9; " INSIDE "; flock -u 9")
SECTION(of_another_program, "flock -F a sh -c '" INSIDE "'")
SECTION(of_a_command_whose_flock_was_killed,
	"flock a sh -c 'kill -9 $PPID; " INSIDE "'")
SECTION(that_is_locked_again,
	"( flock 9 && flock 9 && flock -n 9 && " INSIDE " ) 9>a")
SECTION(that_was_locked_for_readers, "( flock -s 9; flock 9; " INSIDE " ) 9>a")
SECTION(that_is_for_readers_by_and_by,
	"( flock 9; flock -s 9; " INSIDE " ) 9>a")
SECTION(with_another_inside, "( flock 9; flock -w 1 b true && " INSIDE " ) 9>a")
SECTION(of_what_goes_on_in_the_background,
	"flock a sh -c '(" INSIDE ") <&3 &' 3<&0")

/* By another program than the one that took it. */
static void another_kind_of_lock_is_the_same_section(void **state)
{
	struct child *inside =
		shell(*state, "", "( flock 9; flock -n -s 9; " INSIDE " ) 9>a");

	assert_int_equal(cluster->grants, 1);
	say(inside, NEWLINES);
	child_end(inside);
	guard_await_none();
	inside =
		shell(*state, "", "( flock -s 9; flock -n 9; " INSIDE " ) 9>a");
	assert_int_equal(cluster->grants, 2);
	say(inside, NEWLINES);
	child_end(inside);
	guard_await_none();
}

/* ---- questions ------------------------------------------------------------ */

/* Connects to the mark of file a: as who wants to know whether it is inside. */
static int ask(const struct filelock_names *names)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	FILE *table = fopen("/proc/net/unix", "re");
	int socket_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + 1;
	char line[512], file[600], inode[40];
	bool found = false;
	struct stat about;

	snprintf(file, sizeof(file), "%s/a", names->folder);
	assert_int_equal(stat(file, &about), 0);
	snprintf(inode, sizeof(inode), ":%lx/", (unsigned long)about.st_ino);
	assert_non_null(table);
	while (!found && fgets(line, sizeof(line), table)) {
		char *mark = strstr(line, "@/portlock-kept/");

		if (!mark || !strstr(mark, inode))
			continue;
		mark[strcspn(mark, "\n")] = '\0';
		found = true;
		strncpy(name.sun_path + 1, mark + 1, sizeof(name.sun_path) - 2);
	}
	fclose(table);
	assert_true(found);
	length += (socklen_t)strlen(name.sun_path + 1);
	assert_int_equal(connect(socket_, (struct sockaddr *)&name, length), 0);
	return socket_;
}

static void who_asks_takes_no_room(struct filelock_names *names,
				   const char *script)
{
	struct child *inside = shell(names, "", script);

	for (int i = 0; i < 3; i++) {
		struct pollfd end = { .fd = ask(names) };

		assert_int_equal(poll(&end, 1, 10000), 1);
		assert_true(end.revents & POLLHUP);
		close(end.fd);
	}
	say(inside, NEWLINES);
	child_end(inside);
	guard_await_none();
}

/* A mark that nobody answers at is full by and by. */
static void many_may_ask_who_are_inside(void **state)
{
	who_asks_takes_no_room(*state, "( flock 9; " INSIDE " ) 9>a");
	who_asks_takes_no_room(*state, "flock a sh -c '" INSIDE "'");
}

/* ---- ends ----------------------------------------------------------------- */

static void it_is_free_when_the_shell_is_killed(void **state)
{
	struct child *inside = shell(*state, "", "exec 9>a; flock 9; " INSIDE);
	struct child *other = rival(*state);

	assert_int_equal(victim_do(other, FILE_ex_nb), EWOULDBLOCK);
	child_kill(inside);
	assert_int_equal(victim_do(other, FILE_ex), 0);
	assert_int_equal(child_end(other), 0);
	guard_await_none();
	cluster_await_all_ended(cluster);
}

static void it_is_free_when_it_is_unlocked(void **state)
{
	struct child *outside =
		shell(*state, "", "exec 9>a; flock 9; flock -u 9; " INSIDE);
	struct child *other = rival(*state);

	assert_int_equal(victim_do(other, FILE_ex), 0);
	say(outside, NEWLINES);
	assert_int_equal(child_end(outside), 0);
}

/* A lock that others may share is none, as the rule says. */
static void it_is_free_when_it_is_for_readers(void **state)
{
	struct child *outside = shell(*state, "shared=bypass",
				      "exec 9>a; flock 9; flock -s 9; " INSIDE);
	struct child *other = rival(*state);

	assert_int_equal(victim_do(other, FILE_ex), 0);
	say(outside, NEWLINES);
	assert_int_equal(child_end(outside), 0);
}

/* ---- losses --------------------------------------------------------------- */

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
	struct child *victim = filelock_start(*state, rules(*state, ""));
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

/* One signal each, at any moment of the wait; with many sockets on the host the
 * look at what is kept takes long. */
static void a_signal_ends_the_wait_of_who_is_inside(void **state)
{
	static int sockets[900];
	struct child *inside;

	for (int i = 0; i < (int)(sizeof(sockets) / sizeof(*sockets)); i++) {
		const struct sockaddr_un name = { .sun_family = AF_UNIX };

		sockets[i] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		/* The kernel chooses one. */
		bind(sockets[i], (const struct sockaddr *)&name,
		     sizeof(name.sun_family));
	}
	inside = shell(*state, "",
		       "exec 9>a; flock 9; perl -e '$SIG{USR1} = sub {};"
		       " open $a, \">>a\"; for (1 .. 25) { if (!fork) {"
		       " select undef, undef, undef, 0.05 + rand 0.05;"
		       " kill \"USR1\", getppid; exec \"true\" }"
		       " flock $a, 2 and die; wait }' 9>&-; " INSIDE);
	say(inside, NEWLINES);
	assert_int_equal(child_end(inside), 0);
	for (int i = 0; i < (int)(sizeof(sockets) / sizeof(*sockets)); i++)
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

static void who_shares_it_ends_when_it_is_lost(void **state)
{
	struct child *inside = shell(*state, "", "exec 9>a; flock 9; " INSIDE);

	cluster_lose(cluster, "gone");
	assert_int_equal(guarded_end(inside), -SIGTERM);
	guard_await_none();
	assert_true(log_has("lost to the cluster: ended"));
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
		with_files(of_a_subshell),
		with_files(of_a_subshell_with_a_timeout),
		with_files(of_a_subshell_that_reads),
		with_files(up_to_the_unlock),
		with_files(of_another_program),
		with_files(of_a_command_whose_flock_was_killed),
		with_files(that_is_locked_again),
		with_files(that_was_locked_for_readers),
		with_files(that_is_for_readers_by_and_by),
		with_files(with_another_inside),
		with_files(of_what_goes_on_in_the_background),
		with_files(another_kind_of_lock_is_the_same_section),
		with_files(many_may_ask_who_are_inside),
		with_files(it_is_free_when_the_shell_is_killed),
		with_files(it_is_free_when_it_is_unlocked),
		with_files(it_is_free_when_it_is_for_readers),
		with_files(who_waits_inside_asks_when_the_file_is_unlocked),
		with_files(who_waits_inside_asks_when_the_file_is_closed),
		with_files(who_waits_for_its_parent_asks_at_its_unlock),
		with_files(who_waits_for_its_parent_asks_at_its_close),
		with_files(a_signal_ends_the_wait_of_who_is_inside),
		with_files(who_waits_behind_its_parent_is_not_inside),
		with_files(who_has_let_it_go_asks_again),
		with_files(who_shares_it_ends_when_it_is_lost),
		with_files(who_ignores_that_is_killed),
		with_files(who_closes_it_in_time_lives),
		with_files(who_does_not_share_it_lives),
		with_files(who_has_the_file_next_lives),
		with_files(a_warning_is_all_if_the_rule_says_so),
		with_files(many_files_leave_the_guard_room),
		with_files(a_log_that_hangs_delays_no_end),
		with_files(a_file_that_hangs_delays_no_end),
	};

	if (!guard_is_in_time())
		return 77;
	if (system("flock --version >/dev/null 2>&1") != 0) {
		print_message("skipped: flock(1) is not installed\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
