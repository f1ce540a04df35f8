/* SPDX-License-Identifier: MIT */
/* test_cli_list.c - portlock list: all locks, for people. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"
#include "tests/support/network.h"
#include "tests/support/terminal.h"

static struct command command, holder, archive, waiters[2];

/* ---- who holds, who waits ---------------------------------------------------- */

/* nightly with two waiters, and an archive whose holder is stopped. */
static void set_the_scene(void)
{
	command_hold(&holder, "tcp", "nightly");
	command_hold(&archive, "unix", "archive");
	kill(archive.pid, SIGSTOP);
	wait_stopped(archive.pid);
	for (int i = 0; i < 2; i++) {
		command_start(&waiters[i], "run", "nightly", "--", "rsync",
			      i == 0 ? "/home" : "/srv", "/backup");
		wait_for_queue("nightly", i + 1);
	}
}

static void clear_the_scene(void)
{
	kill(archive.pid, SIGCONT);
	for (int i = 0; i < 2; i++) {
		kill(waiters[i].pid, SIGKILL);
		command_end(&waiters[i]);
	}
	command_end(&holder);
	command_end(&archive);
}

/* ---- pids and times as placeholders ------------------------------------------- */

static void replace(char *text, const char *old, const char *new)
{
	char rest[2 * COMMAND_TEXT];
	char *at;

	while (*old && (at = strstr(text, old))) {
		strcpy(rest, at + strlen(old));
		strcpy(stpcpy(at, new), rest);
		text = at + strlen(new);
	}
}

static const struct command *const actors[] = { &holder, &archive, &waiters[0],
						&waiters[1] };

#define ACTORS (sizeof(actors) / sizeof(actors[0]))

/* Of the column of process ids. */
static int pid_width(void)
{
	int width = 3, digits;

	for (size_t i = 0; i < ACTORS; i++) {
		digits = snprintf(NULL, 0, "%d", (int)actors[i]->pid);
		width = digits > width ? digits : width;
	}
	return width;
}

/* As if all process ids had four digits. */
static void normalise(char *text)
{
	char pid[32];
	char *at;

	snprintf(pid, sizeof(pid), "%*s", pid_width(), "PID");
	replace(text, pid, " PID");
	for (size_t i = 0; i < ACTORS; i++) {
		snprintf(pid, sizeof(pid), "%*d", pid_width(),
			 (int)actors[i]->pid);
		replace(text, pid, "####");
	}
	for (at = text; (at = strstr(at, " s ")); at++)
		at[-1] = 'N';
}

/* ---- for people ----------------------------------------------------------------- */

static void says_that_nothing_is_held(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "list"), 0);
	assert_string_equal(command.output, "");
	assert_mentions(command.errors, "no portlock is held in this network");
	assert_int_equal(command_run(&command, "list", "--json"), 0);
	assert_string_equal(command.output, "[]\n");
}

static void a_pipe_gets_whole_lines_without_colours(void **state)
{
	(void)state;
	if (is_slow())
		skip(); /* valgrind has no stopped processes */
	set_the_scene();
	assert_int_equal(command_run(&command, "list"), 0);
	normalise(command.output);
	assert_string_equal(
		command.output,
		"KEY      TRANSPORT  STATE     PID  USER  HELD  WAITERS  "
		"COMMAND\n"
		"archive  unix       stopped  ####  root  N s         0  "
		"sh -c echo $$; read line\n"
		"nightly  tcp        running  ####  root  N s         2  "
		"sh -c echo $$; read line\n"
		"  1.                running  ####  root                 "
		"rsync /home /backup\n"
		"  2.                running  ####  root                 "
		"rsync /srv /backup\n");
	clear_the_scene();
}

/* On a terminal that is as wide as columns if process ids have four digits. */
static void list_on_terminal(char *shown, size_t size, int columns,
			     const char *option)
{
	struct terminal terminal;
	const char *script[] = {
		"sh",
		"-c",
		"\"$PORTLOCK_COMMAND\" list $1 >\"$0\" && echo END >\"$0\"",
		NULL,
		option,
		NULL
	};

	setenv("TERM", "xterm", 1);
	terminal_open(&terminal, columns + pid_width() - 4);
	script[3] = terminal.path;
	program_start(&command, "sh", script);
	terminal_read_until(&terminal, shown, size, "END\n");
	assert_int_equal(command_end(&command), 0);
	terminal_close(&terminal);
	replace(shown, "END\n", "");
	normalise(shown);
}

static void a_terminal_gets_lines_that_fit_and_colours(void **state)
{
	char shown[COMMAND_TEXT];

	(void)state;
	if (is_slow())
		skip(); /* valgrind has no stopped processes */
	set_the_scene();
	setenv("NO_COLOR", "", 1);
	list_on_terminal(shown, sizeof(shown), 80, NULL);
	unsetenv("NO_COLOR");
	assert_string_equal(
		shown,
		"\033[1m"
		"KEY      TRANSPORT  STATE     PID  USER  HELD  WAITERS  "
		"COMMAND\033[0m\n"
		"\033[33m"
		"archive  unix       stopped  ####  root  N s         0  "
		"sh -c echo $$; read line\033[0m\n"
		"nightly  tcp        running  ####  root  N s         2  "
		"sh -c echo $$; read line\n"
		"\033[2m"
		"  1.                running  ####  root                 "
		"rsync /home /backup\033[0m\n"
		"\033[2m"
		"  2.                running  ####  root                 "
		"rsync /srv /backup\033[0m\n");
	clear_the_scene();
}

static void a_narrow_terminal_without_colours_gets_less(void **state)
{
	char shown[COMMAND_TEXT];

	(void)state;
	if (is_slow())
		skip(); /* valgrind has no stopped processes */
	set_the_scene();
	setenv("NO_COLOR", "1", 1);
	list_on_terminal(shown, sizeof(shown), 64, NULL);
	unsetenv("NO_COLOR");
	assert_string_equal(
		shown,
		"KEY     TRANSPORT STATE    PID USER HELD WAITERS COMMAND\n"
		"archive unix      stopped #### root N s        0 "
		"sh -c echo $$;\xe2\x80\xa6\n"
		"nightly tcp       running #### root N s        2 "
		"sh -c echo $$;\xe2\x80\xa6\n"
		"  1.              running #### root              "
		"rsync /home /b\xe2\x80\xa6\n"
		"  2.              running #### root              "
		"rsync /srv /ba\xe2\x80\xa6\n");
	clear_the_scene();
}

/* A mark that turns text around is meant and, escaped, misleads no reader.
 * NOLINTBEGIN(misc-misleading-bidirectional) */
static void keys_and_commands_cannot_steer_a_terminal(void **state)
{
	(void)state;
	command_start(&holder, "run",
		      "ev\033[31mil\xc2\x9b\xe2\x80\xae\xff\xc3\xa4", "--",
		      "sh", "-c", COMMAND_HOLDS, "\033[2J\n\xc3");
	command_number(&holder);
	assert_int_equal(command_run(&command, "list"), 0);
	assert_mentions(
		command.output,
		"\nev\\x1b[31mil\\xc2\\x9b\\xe2\\x80\\xae\\xff\xc3\xa4 ");
	assert_null(strchr(command.output, '\033'));
	if (!is_slow()) /* valgrind's is another command line */
		assert_mentions(command.output, " \\x1b[2J\\x0a\\xc3\n");
	command_end(&holder);
}

static void json_cannot_steer_a_terminal(void **state)
{
	char shown[COMMAND_TEXT];

	(void)state;
	command_start(&holder, "run", "c1\xc2\x9b\xe2\x80\xae", "--", "sh",
		      "-c", COMMAND_HOLDS);
	command_number(&holder);
	list_on_terminal(shown, sizeof(shown), 80, "--json");
	assert_mentions(shown, "\"key\": \"c1\\u009B\\u202E\"");
	assert_null(strstr(shown, "\xc2\x9b"));
	assert_int_equal(command_run(&command, "list", "--json"), 0);
	assert_mentions(command.output, "\"c1\xc2\x9b\xe2\x80\xae\"");
	command_end(&holder);
}

/* NOLINTEND(misc-misleading-bidirectional) */

/* An option's value is no key, also if it is the same text. */
static void a_command_begins_after_its_key(void **state)
{
	const char *const options[] = { "-t", "-nE", "--timeout",
					"--conflict" };

	(void)state;
	if (is_slow()) /* valgrind's is another command line */
		skip();
	for (size_t i = 0; i < 4; i++) {
		command_start(&holder, "run", options[i], "5", "-v", "5", "--",
			      "sh", "-c", COMMAND_HOLDS);
		command_number(&holder);
		assert_int_equal(command_run(&command, "list"), 0);
		assert_mentions(command.output, "  sh -c " COMMAND_HOLDS "\n");
		command_end(&holder);
	}
	command_start(&holder, "run", "--transport", "unix", "-n", "unix", "sh",
		      "-c", COMMAND_HOLDS);
	command_number(&holder);
	assert_int_equal(command_run(&command, "list"), 0);
	assert_mentions(command.output, "  sh -c " COMMAND_HOLDS "\n");
	command_end(&holder);
}

static void misuse_is_explained(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "list", "nightly"), 64);
	assert_mentions(command.errors, "'portlock who KEY'");
	assert_int_equal(command_run(&command, "list", "--watch=soon"), 64);
	assert_mentions(command.errors, "'soon' is no time");
	assert_int_equal(command_run(&command, "list", "--watch=0"), 64);
	assert_int_equal(command_run(&command, "list", "--all"), 64);
	assert_mentions(command.errors, "unknown option '--all': use --json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(says_that_nothing_is_held),
		with_command(a_pipe_gets_whole_lines_without_colours),
		with_command(a_terminal_gets_lines_that_fit_and_colours),
		with_command(a_narrow_terminal_without_colours_gets_less),
		with_command(keys_and_commands_cannot_steer_a_terminal),
		with_command(json_cannot_steer_a_terminal),
		with_command(a_command_begins_after_its_key),
		with_command(misuse_is_explained),
	};

	unsetenv("NO_COLOR");
	if (!network_enter()) {
		print_message("skipped: no network namespace of our own\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
