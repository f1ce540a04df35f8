/* SPDX-License-Identifier: MIT */
/* test_shim_etcd_kept.c - a lock of flock(2) goes on with who has the file open,
 * and so does the cluster's: as shells use flock(1).
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/kept_files.h"

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
	};

	if (!kept_can_be_tested())
		return 77;
	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
