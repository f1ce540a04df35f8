/* SPDX-License-Identifier: MIT */
/* test_cli_list.c - portlock list: all locks, for people and for programs. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/support/command.h"
#include "tests/support/network.h"

/* Tells its process id and goes on until its input ends. */
#define HOLDER "echo $$; read line"

static struct command command, holder, archive, waiters[2];

/* ---- who holds, who waits ---------------------------------------------------- */

static void hold(struct command *process, const char *transport,
		 const char *key)
{
	command_start(process, "run", "--transport", transport, key, "--", "sh",
		      "-c", HOLDER);
	command_number(process);
}

/* nightly with two waiters, and an archive whose holder is stopped. */
static void set_the_scene(void)
{
	hold(&holder, "tcp", "nightly");
	hold(&archive, "unix", "archive");
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
		      "sh", "-c", HOLDER, "\033[2J\n\xc3");
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
		      "-c", HOLDER);
	command_number(&holder);
	list_on_terminal(shown, sizeof(shown), 80, "--json");
	assert_mentions(shown, "\"key\": \"c1\\u009B\\u202E\"");
	assert_null(strstr(shown, "\xc2\x9b"));
	assert_int_equal(command_run(&command, "list", "--json"), 0);
	assert_mentions(command.output, "\"c1\xc2\x9b\xe2\x80\xae\"");
	command_end(&holder);
}

/* NOLINTEND(misc-misleading-bidirectional) */

/* ---- for programs ---------------------------------------------------------------- */

/* The only lock, in a list that goes to json_decref(). */
static json_t *list_one(json_t **list)
{
	json_error_t error;

	assert_int_equal(command_run(&command, "list", "--json"), 0);
	*list = json_loads(command.output, 0, &error);
	if (!*list)
		fail_msg("no JSON: %s", error.text);
	assert_int_equal(json_array_size(*list), 1);
	return json_array_get(*list, 0);
}

static const char *text_in(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (!text)
		fail_msg("no text: %s", name);
	return text;
}

static json_int_t number_in(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_integer(value))
		fail_msg("no integer: %s", name);
	return json_integer_value(value);
}

static void json_has_all_there_is(void **state)
{
	json_t *list, *lock, *process;

	(void)state;
	hold(&holder, "tcp", "nightly");
	for (int i = 0; i < 2; i++) {
		command_start(&waiters[i], "run", "nightly", "true");
		wait_for_queue("nightly", i + 1);
	}
	lock = list_one(&list);
	assert_string_equal(text_in(lock, "key"), "nightly");
	assert_string_equal(text_in(lock, "gate"), "/portlock/nightly");
	assert_string_equal(text_in(lock, "transport"), "tcp");
	assert_string_equal(text_in(lock, "state"), "held");
	assert_int_equal(strlen(text_in(lock, "since")), 24);
	assert_true(json_number_value(json_object_get(lock, "held_seconds")) >=
		    0);
	process = json_object_get(lock, "holder");
	assert_int_equal(number_in(process, "pid"), holder.pid);
	assert_int_equal(number_in(process, "uid"), geteuid());
	assert_string_equal(text_in(process, "user"), "root");
	assert_string_equal(text_in(process, "state"), "running");
	/* Under valgrind the command line is valgrind's. */
	if (!strstr(text_in(process, "command"), "valgrind"))
		assert_mentions(text_in(process, "command"),
				"run --transport tcp");
	assert_int_equal(json_array_size(json_object_get(lock, "others")), 1);
	assert_int_equal(json_array_size(json_object_get(lock, "waiters")), 2);
	for (int i = 0; i < 2; i++) {
		process = json_array_get(json_object_get(lock, "waiters"),
					 (size_t)i);
		assert_int_equal(number_in(process, "pid"), waiters[i].pid);
	}
	json_decref(list);
	command_end(&holder);
	command_end(&waiters[0]);
	command_end(&waiters[1]);
}

static void json_takes_any_bytes(void **state)
{
	struct child *child;
	json_t *list, *lock;

	(void)state;
	child = contender_start("\033\\\xc3\xa4", "unix");
	assert_int_equal(contender_acquire(child, -1), 0);
	lock = list_one(&list);
	assert_string_equal(text_in(lock, "key"), "\033\\\xc3\xa4");
	assert_string_equal(text_in(lock, "gate"),
			    "/portlock/\\x1b\\x5c\\xc3\\xa4");
	json_decref(list);
	child_end(child);
	child = contender_start("\xff\xc3\xa4", "unix");
	assert_int_equal(contender_acquire(child, -1), 0);
	lock = list_one(&list);
	assert_string_equal(text_in(lock, "key"), "\\xff\xc3\xa4");
	assert_string_equal(text_in(lock, "gate"), "/portlock/\\xff\\xc3\\xa4");
	json_decref(list);
	child_end(child);
}

static void a_shortened_key_is_null(void **state)
{
	struct child *child;
	json_t *list, *lock;
	char key[201];

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	child = contender_start(key, "unix");
	assert_int_equal(contender_acquire(child, -1), 0);
	lock = list_one(&list);
	assert_true(json_is_null(json_object_get(lock, "key")));
	assert_int_equal(strlen(text_in(lock, "gate")), 107);
	json_decref(list);
	child_end(child);
}

static void hold_as_another_user(struct child *parent, void *argument)
{
	portlock_t *lock;

	(void)argument;
	require(setuid(12345) == 0);
	lock = open_lock("nightly", "unix");
	require(portlock_acquire_for(lock, -1) == 0);
	say(parent, 0);
	hear(parent);
	portlock_close(lock);
}

static void names_another_user(void **state)
{
	struct child *child;
	json_t *list, *process;

	(void)state;
	if (setuid(0) < 0 || access("/proc/self/setgroups", F_OK) < 0)
		skip();
	child = child_start(hold_as_another_user, NULL);
	hear(child);
	process = json_object_get(list_one(&list), "holder");
	assert_int_equal(number_in(process, "uid"), 12345);
	assert_int_equal(number_in(process, "pid"), child->pid);
	json_decref(list);
	say(child, 0);
	assert_int_equal(child_end(child), 0);
}

/* ---- many, and again and again ------------------------------------------------------ */

static void hold_many(struct child *parent, void *argument)
{
	int count = *(int *)argument;
	struct rlimit files;
	char key[32];

	require(getrlimit(RLIMIT_NOFILE, &files) == 0);
	files.rlim_cur = files.rlim_max;
	require(setrlimit(RLIMIT_NOFILE, &files) == 0);
	for (int i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "many-%04d", (i * 7 + 3) % count);
		require(portlock_acquire_for(open_lock(key, "unix"), -1) == 0);
	}
	say(parent, 0);
	hear_or_end(parent, &(int64_t){ 0 });
	_exit(0);
}

static void lists_a_thousand_in_order(void **state)
{
	int count = is_slow() ? 50 : 1000;
	struct child *child = child_start(hold_many, &count);
	char line[COMMAND_TEXT], key[32];

	(void)state;
	hear(child);
	command_start(&command, "list");
	command_line(&command, line);
	assert_memory_equal(line, "KEY ", 4);
	for (int i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "many-%04d ", i);
		command_line(&command, line);
		assert_memory_equal(line, key, strlen(key));
	}
	assert_int_equal(command_end(&command), 0);
	assert_string_equal(command.output, "");
	child_end(child);
}

static void read_until(const char *text)
{
	char line[COMMAND_TEXT];

	do
		command_line(&command, line);
	while (!strstr(line, text));
}

static void a_watched_pipe_gets_ever_new_tables(void **state)
{
	char pid[32];

	(void)state;
	command_start(&command, "list", "--watch=0.01");
	for (int i = 0; i < 2; i++) {
		hold(&holder, "tcp", "nightly");
		snprintf(pid, sizeof(pid), " %d ", (int)holder.pid);
		read_until(pid);
		read_until("KEY ");
		command_end(&holder);
	}
	kill(command.pid, SIGINT);
	assert_int_equal(command_wait(&command), -SIGINT);
}

static void watched_json_is_a_line_each_time(void **state)
{
	char line[COMMAND_TEXT];
	json_t *list;

	(void)state;
	hold(&holder, "tcp", "nightly");
	command_start(&command, "list", "--json", "--watch=0.01");
	for (int i = 0; i < 3; i++) {
		command_line(&command, line);
		list = json_loads(line, 0, NULL);
		assert_int_equal(json_array_size(list), 1);
		json_decref(list);
	}
	kill(command.pid, SIGTERM);
	assert_int_equal(command_wait(&command), -SIGTERM);
	command_end(&holder);
}

static void a_watched_terminal_is_as_it_was_after_ctrl_c(void **state)
{
	static char shown[1 << 20];
	struct terminal terminal;
	const char *script[] = {
		"sh", "-c", "exec \"$PORTLOCK_COMMAND\" list -w0.01 >\"$0\"",
		NULL, NULL
	};

	(void)state;
	terminal_open(&terminal, 80);
	script[3] = terminal.path;
	program_start(&command, "sh", script);
	terminal_read_until(&terminal, shown, sizeof(shown),
			    "no portlock is held");
	assert_memory_equal(shown, "\033[?1049h", 8);
	hold(&holder, "tcp", "nightly");
	terminal_read_until(&terminal, shown, sizeof(shown), "nightly ");
	kill(command.pid, SIGINT);
	terminal_read_until(&terminal, shown, sizeof(shown), "\033[?1049l");
	assert_int_equal(command_end(&command), -SIGINT);
	command_end(&holder);
	terminal_close(&terminal);
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
		with_command(json_has_all_there_is),
		with_command(json_takes_any_bytes),
		with_command(a_shortened_key_is_null),
		with_command(names_another_user),
		with_command(lists_a_thousand_in_order),
		with_command(a_watched_pipe_gets_ever_new_tables),
		with_command(watched_json_is_a_line_each_time),
		with_command(a_watched_terminal_is_as_it_was_after_ctrl_c),
		with_command(misuse_is_explained),
	};

	signal(SIGINT, SIG_DFL); /* whatever has started us */
	unsetenv("NO_COLOR");
	if (!network_enter()) {
		print_message("skipped: no network namespace of our own\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
