/* SPDX-License-Identifier: MIT */
/* test_cli_supervise.c - portlock run: the lock lasts as long as the command,
 * whoever is killed; signals, stops and their dispositions.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/command.h"

static struct command command, other, probe;

/* Starts a command that has the lock when this returns; its process id.  It
 * ends with status 5 after a line of input or when its input ends. */
static pid_t hold(struct command *holder, const char *key)
{
	command_start(holder, "run", key, "--", "sh", "-c",
		      "echo $$; read line; exit 5");
	return command_number(holder);
}

static void assert_busy(const char *key)
{
	assert_int_equal(command_run(&probe, "run", "-n", key, "true"), 1);
}

static void assert_free(const char *key)
{
	assert_int_equal(command_run(&probe, "run", "-n", key, "true"), 0);
}

static void the_lock_outlives_a_killed_wrapper(void **state)
{
	hold(&other, key_text(state));
	kill(other.pid, SIGKILL);
	assert_int_equal(command_wait(&other), -SIGKILL);
	assert_busy(key_text(state));
	command_start(&command, "run", key_text(state), "echo", "mine");
	wait_for_queue(key_text(state), 1);
	command_end(&other);
	assert_int_equal(command_end(&command), 0);
	assert_string_equal(command.output, "mine\n");
}

static void the_lock_outlives_a_killed_process_group(void **state)
{
	/* The command itself has left the group. */
	command_start(&other, "run", key_text(state), "--", "setsid", "sh",
		      "-c", "echo $$; read line");
	command_number(&other);
	kill(-other.pid, SIGKILL);
	assert_int_equal(command_wait(&other), -SIGKILL);
	assert_busy(key_text(state));
	command_end(&other);
}

static void a_killed_keeper_is_replaced(void **state)
{
	pid_t first, second;

	hold(&other, key_text(state));
	first = keeper_of(other.pid, 0);
	kill(first, SIGKILL);
	second = keeper_of(other.pid, first);
	assert_busy(key_text(state));
	kill(other.pid, SIGKILL);
	command_wait(&other);
	assert_busy(key_text(state));
	command_end(&other);
	wait_gone(second);
	assert_free(key_text(state));
}

static void nothing_is_left_after_the_command(void **state)
{
	pid_t keeper;

	hold(&other, key_text(state));
	keeper = keeper_of(other.pid, 0);
	assert_int_equal(command_end(&other), 5);
	assert_true(is_gone(keeper));
	assert_free(key_text(state));
}

static void a_killed_command_frees_the_lock(void **state)
{
	pid_t pid = hold(&other, key_text(state));

	kill(pid, SIGKILL);
	assert_int_equal(command_wait(&other), 128 + SIGKILL);
	assert_free(key_text(state));
	command_end(&other);
}

static void signals_reach_the_command(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1,
				       SIGALRM };

	for (int i = 0; i < 5; i++) {
		signal(signals[i], SIG_DFL); /* nohup and & ignore some */
		hold(&other, key_text(state));
		kill(other.pid, signals[i]);
		assert_int_equal(command_wait(&other), 128 + signals[i]);
		command_end(&other);
	}
}

static void the_command_may_handle_signals(void **state)
{
	signal(SIGUSR1, SIG_DFL);
	/* The shell's wait, unlike its read, misses no signal. */
	command_start(&other, "run", key_text(state), "--", "sh", "-c",
		      "trap 'exit 6' USR1; exec 3<&0; cat <&3 & echo ready; "
		      "wait; exit 5");
	command_expect(&other, "ready");
	kill(other.pid, SIGUSR1);
	assert_int_equal(command_wait(&other), 6);
	command_end(&other);
}

static void the_command_gets_the_signal_mask_back(void **state)
{
	char before[COMMAND_TEXT];
	sigset_t blocked, old;
	static const char *const look[] = { "grep", "^Sig[BI]",
					    "/proc/self/status", NULL };

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, &old);
	program_start(&command, "grep", look);
	command_end(&command);
	strcpy(before, command.output);
	command_run(&command, "run", key_text(state), "grep", "^Sig[BI]",
		    "/proc/self/status");
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_string_equal(command.output, before);
}

/* Starts a command while the signal is ignored; what the command ignores. */
static unsigned long start_ignoring(int number, const char *key)
{
	char line[COMMAND_TEXT];
	unsigned long ignored;

	signal(number, SIG_IGN);
	command_start(&other, "run", key, "cat", "/proc/self/status", "-");
	do
		command_line(&other, line);
	while (sscanf(line, "SigIgn: %lx", &ignored) != 1);
	signal(number, SIG_DFL);
	return ignored;
}

static void an_ignored_signal_stays_ignored(void **state)
{
	unsigned long ignored = start_ignoring(SIGHUP, key_text(state));

	assert_true(ignored >> (SIGHUP - 1) & 1);
	kill(other.pid, SIGHUP);
	command_tell(&other, "go on\n");
	assert_int_equal(command_end(&other), 0);
}

static void an_ignored_sigchld_does_no_harm(void **state)
{
	unsigned long ignored = start_ignoring(SIGCHLD, key_text(state));

	assert_true(ignored >> (SIGCHLD - 1) & 1);
	kill(other.pid, SIGTERM);
	assert_int_equal(command_wait(&other), 128 + SIGTERM);
	command_end(&other);
}

static void the_wrapper_stops_and_goes_on_with_the_command(void **state)
{
	pid_t pid;

	if (is_slow())
		skip(); /* valgrind has no stopped processes */
	pid = hold(&other, key_text(state));
	kill(pid, SIGTSTP);
	wait_stopped(other.pid);
	wait_stopped(pid);
	assert_busy(key_text(state));
	kill(other.pid, SIGCONT);
	command_tell(&other, "go on\n");
	assert_int_equal(command_end(&other), 5);
}

static void a_command_stopped_and_continued_alone_is_waited_for(void **state)
{
	pid_t pid = hold(&other, key_text(state));

	kill(pid, SIGSTOP);
	wait_stopped(pid);
	kill(pid, SIGCONT);
	command_tell(&other, "go on\n");
	assert_int_equal(command_end(&other), 5);
	assert_free(key_text(state));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(the_lock_outlives_a_killed_wrapper),
		with_command(the_lock_outlives_a_killed_process_group),
		with_command(a_killed_keeper_is_replaced),
		with_command(nothing_is_left_after_the_command),
		with_command(a_killed_command_frees_the_lock),
		with_command(signals_reach_the_command),
		with_command(the_command_may_handle_signals),
		with_command(the_command_gets_the_signal_mask_back),
		with_command(an_ignored_signal_stays_ignored),
		with_command(an_ignored_sigchld_does_no_harm),
		with_command(the_wrapper_stops_and_goes_on_with_the_command),
		with_command(
			a_command_stopped_and_continued_alone_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
