/* SPDX-License-Identifier: MIT */
/* test_cli_list_watch.c - portlock list: many locks, and again and again. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/support/command.h"
#include "tests/support/network.h"
#include "tests/support/terminal.h"

static struct command command, holder;

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
		command_hold(&holder, "tcp", "nightly");
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
	command_hold(&holder, "tcp", "nightly");
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
	command_hold(&holder, "tcp", "nightly");
	terminal_read_until(&terminal, shown, sizeof(shown), "nightly ");
	kill(command.pid, SIGINT);
	terminal_read_until(&terminal, shown, sizeof(shown), "\033[?1049l");
	assert_int_equal(command_end(&command), -SIGINT);
	command_end(&holder);
	terminal_close(&terminal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(lists_a_thousand_in_order),
		with_command(a_watched_pipe_gets_ever_new_tables),
		with_command(watched_json_is_a_line_each_time),
		with_command(a_watched_terminal_is_as_it_was_after_ctrl_c),
	};

	signal(SIGINT, SIG_DFL); /* whatever has started us */
	if (!network_enter()) {
		print_message("skipped: no network namespace of our own\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
