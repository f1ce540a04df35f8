/* SPDX-License-Identifier: MIT */
/* test_cli_verbose.c - portlock run --verbose tells whom it waits for. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/command.h"
#include "tests/support/terminal.h"

static struct command command;

/* The next line of its errors. */
static void error_line(char line[COMMAND_TEXT])
{
	struct command errors = { .out = command.err };

	do
		command_line(&errors, line);
	while (strncmp(line, "portlock: ", 10) != 0); /* valgrind's */
}

static struct child *hold(const char *key)
{
	struct child *holder = contender_start(key, "unix");

	assert_int_equal(contender_acquire(holder, 0), 0);
	return holder;
}

static void assert_waits_for(const char *line, const char *key, pid_t holder)
{
	char expected[128];

	snprintf(expected, sizeof(expected),
		 "portlock: %s: waiting for pid %d (", key, (int)holder);
	if (strncmp(line, expected, strlen(expected)) != 0)
		fail_msg("'%s' does not begin with '%s'", line, expected);
}

static void tells_holder_and_place_and_what_changes(void **state)
{
	struct key *key = *state;
	struct child *holder = hold(key->text);
	struct child *next = contender_start(key->text, "unix");
	char line[COMMAND_TEXT];

	contender_queue(next, key->text, -1);
	command_start(&command, "run", "-v", key->text, "--", "echo", "done");
	error_line(line);
	assert_waits_for(line, key->text, holder->pid);
	assert_mentions(line, "), held ");
	assert_mentions(line, " s, 1 before you");
	contender_release(holder);
	assert_int_equal(contender_result(next), 0);
	error_line(line);
	assert_waits_for(line, key->text, next->pid);
	assert_mentions(line, ", you are next");
	contender_release(next);
	assert_int_equal(command_end(&command), 0);
	assert_string_equal(command.output, "done\n");
	child_end(holder);
	child_end(next);
}

static void says_that_the_holder_is_stopped(void **state)
{
	struct key *key = *state;
	struct child *holder;
	char line[COMMAND_TEXT];

	if (is_slow())
		skip(); /* valgrind has no stopped processes */
	holder = hold(key->text);
	command_start(&command, "run", "--verbose", key->text, "true");
	error_line(line);
	assert_null(strstr(line, "stopped"));
	kill(holder->pid, SIGSTOP);
	error_line(line);
	assert_mentions(line, "), which is stopped, held ");
	kill(holder->pid, SIGCONT);
	error_line(line);
	assert_null(strstr(line, "stopped"));
	contender_release(holder);
	assert_int_equal(command_end(&command), 0);
	child_end(holder);
}

static void keeps_its_place_in_the_queue(void **state)
{
	struct key *key = *state;
	struct child *holder = hold(key->text);
	struct child *later = contender_start(key->text, "unix");
	char line[COMMAND_TEXT];

	command_start(&command, "run", "-v", key->text, "--", "sh", "-c",
		      "echo first; exec cat");
	wait_for_queue(key->text, 1);
	contender_begin(later, -1);
	wait_for_queue(key->text, 2);
	error_line(line);
	assert_mentions(line, ", you are next");
	contender_release(holder);
	command_expect(&command, "first");
	assert_false(has_said(later));
	assert_int_equal(command_end(&command), 0);
	assert_int_equal(contender_result(later), 0);
	child_end(holder);
	child_end(later);
}

static void tells_why_ports_are_missing(void **state)
{
	struct key *key = *state;
	int fds[2] = { bind_port(key->ports[0]), bind_port(key->ports[1]) };
	char line[COMMAND_TEXT], message[128];

	/* The kernel tells of sockets that listen, whatever its version. */
	require(listen(fds[0], 1) == 0 && listen(fds[1], 1) == 0);
	command_start(&command, "run", "-v", key->text, "true");
	error_line(line);
	snprintf(message, sizeof(message), "127.0.0.1:%d: pid %d (",
		 key->ports[0], (int)getpid());
	assert_mentions(line, message);
	assert_mentions(line, "ip_local_reserved_ports");
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(command_end(&command), 0);
}

static void the_command_finds_one_thread(void **state)
{
	struct key *key = *state;
	struct child *holder;
	char line[COMMAND_TEXT];

#ifdef __SANITIZE_THREAD__
	skip(); /* that has a thread of its own from the first one on */
#endif
	holder = hold(key->text);
	command_start(&command, "run", "-v", key->text, "--", "sh", "-c",
		      "ls /proc/$PPID/task | wc -l");
	error_line(line);
	contender_release(holder);
	command_expect(&command, "1");
	assert_int_equal(command_end(&command), 0);
	child_end(holder);
}

static void signals_do_what_they_did(void **state)
{
	struct key *key = *state;
	struct child *holder = hold(key->text);
	char line[COMMAND_TEXT];

	signal(SIGINT, SIG_DFL); /* nohup and & ignore some */
	command_start(&command, "run", "-v", key->text, "true");
	error_line(line);
	kill(command.pid, SIGINT);
	assert_int_equal(command_end(&command), -SIGINT);
	child_end(holder);
}

static void a_timeout_tells_the_same_at_last(void **state)
{
	struct key *key = *state;
	struct child *holder = hold(key->text);
	char message[128];

	assert_int_equal(command_run(&command, "run", "-v", "-t", "0.1",
				     key->text, "true"),
			 1);
	snprintf(message, sizeof(message),
		 "%s: not available within 0.1 s: pid %d (", key->text,
		 (int)holder->pid);
	assert_mentions(command.errors, message);
	assert_mentions(command.errors, ") has held it for ");
	child_end(holder);
}

static void a_terminal_has_one_line_that_goes_away(void **state)
{
	struct key *key = *state;
	struct child *holder = hold(key->text);
	char shown[COMMAND_TEXT];
	struct terminal terminal;
	const char *script[] = {
		"sh",
		"-c",
		"exec \"$PORTLOCK_COMMAND\" run -v \"$0\" -- true 2>\"$1\"",
		key->text,
		NULL,
		NULL
	};

	setenv("TERM", "xterm", 1);
	terminal_open(&terminal, 40);
	script[4] = terminal.path;
	program_start(&command, "sh", script);
	for (int i = 0; i < 2; i++) {
		terminal_read_until(&terminal, shown, sizeof(shown),
				    "\xe2\x80\xa6\033[K");
		assert_null(strchr(shown, '\n'));
		assert_memory_equal(shown, "\rportlock: ", 11);
	}
	contender_release(holder);
	terminal_read_until(&terminal, shown, sizeof(shown), "\r\033[K");
	assert_int_equal(command_end(&command), 0);
	child_end(holder);
	terminal_close(&terminal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(tells_holder_and_place_and_what_changes),
		with_command(says_that_the_holder_is_stopped),
		with_command(keeps_its_place_in_the_queue),
		with_command(tells_why_ports_are_missing),
		with_command(the_command_finds_one_thread),
		with_command(signals_do_what_they_did),
		with_command(a_timeout_tells_the_same_at_last),
		with_command(a_terminal_has_one_line_that_goes_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
