/* SPDX-License-Identifier: MIT */
/* test_cli_terminal.c - portlock run on a terminal: Ctrl-C and Ctrl-Z, for
 * commands in the process group of the wrapper, in one of their own, and in the
 * one that a lock of a cluster gives them.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/cluster.h"
#include "tests/support/command.h"

#define CTRL_C "\003"
#define CTRL_Z "\032"

/* Says its process id when it is ready, ends with 5 after a line of input. */
#define READER "sh", "-c", "echo $$; read line; exit 5"

/* The same with the terminal's input, for which it must have the terminal. */
#define TYPED "sh", "-c", "echo $$; read line </dev/tty; exit 5"

#define ETCD "--transport", "etcd"

static struct command command;
static int keyboard, screen; /* the two sides of a terminal */
static const char *terminal;

static int setup(void **state)
{
	(void)state;
	/* As a shell starts its jobs, whatever has started us. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTSTP, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
	keyboard = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	require(keyboard >= 0 && grantpt(keyboard) == 0 &&
		unlockpt(keyboard) == 0);
	terminal = ptsname(keyboard);
	require(terminal);
	screen = open(terminal, O_RDWR | O_NOCTTY | O_CLOEXEC);
	require(screen >= 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(screen);
	close(keyboard);
	return 0;
}

#define start_on_terminal(...)                                                 \
	session_start(&command, terminal, command_path(),                      \
		      (const char *const[]){ "portlock", __VA_ARGS__, NULL })

static void type(const char *character)
{
	require(write(keyboard, character, 1) == 1);
}

static void ctrl_c_ends_a_command_in_our_group(void **state)
{
	start_on_terminal("run", key_text(state), "--", READER);
	command_number(&command);
	type(CTRL_C);
	assert_int_equal(command_wait(&command), 128 + SIGINT);
	command_end(&command);
}

static void ctrl_c_ends_a_command_with_its_own_group(void **state)
{
	start_on_terminal("run", key_text(state), "--", "timeout", "600",
			  READER);
	command_number(&command);
	type(CTRL_C);
	assert_int_equal(command_wait(&command), 128 + SIGINT);
	command_end(&command);
}

static void ctrl_c_ends_a_command_with_its_own_session(void **state)
{
	start_on_terminal("run", key_text(state), "--", "setsid", READER);
	command_number(&command);
	type(CTRL_C);
	assert_int_equal(command_wait(&command), 128 + SIGINT);
	command_end(&command);
}

static void ctrl_c_reaches_a_command_in_our_group_once(void **state)
{
	if (is_slow())
		skip(); /* valgrind has no stopped processes */
	/* The shell's wait, unlike its read, misses no signal. */
	start_on_terminal("run", key_text(state), "--", "sh", "-c",
			  "n=0; trap 'n=$((n + 1)); echo int' INT; "
			  "trap 'exit $n' USR1; exec 3<&0; "
			  "(trap '' INT; echo ready; exec cat <&3) & "
			  "until wait; do :; done; exit 9");
	command_expect(&command, "ready");
	/* The wrapper sees it only after the command is through with it, so
	 * that two would not be taken for one. */
	kill(command.pid, SIGSTOP);
	wait_stopped(command.pid);
	type(CTRL_C);
	command_expect(&command, "int");
	kill(command.pid, SIGCONT);
	kill(command.pid, SIGUSR1); /* is passed on after a SIGINT */
	assert_int_equal(command_wait(&command), 1);
	command_end(&command);
}

static void ctrl_z_stops_a_command_with_its_own_group(void **state)
{
	pid_t reader;

	if (is_slow())
		skip(); /* valgrind has no stopped processes */
	start_on_terminal("run", key_text(state), "--", "timeout", "600",
			  READER);
	reader = command_number(&command);
	type(CTRL_Z);
	wait_stopped(reader);
	wait_stopped(command.pid);
	kill(-command.pid, SIGCONT); /* as fg does */
	command_tell(&command, "go on\n");
	assert_int_equal(command_end(&command), 5);
}

/* ---- with a lock of a cluster ---------------------------------------------- */

static bool has_terminal(void *pid)
{
	return tcgetpgrp(keyboard) == *(pid_t *)pid;
}

/* The command when it has got the terminal to read from it. */
static pid_t await_lent(void)
{
	pid_t pid = command_number(&command);

	wait_until(has_terminal, &pid);
	wait_asleep(pid);
	return pid;
}

static void a_group_gets_the_terminal_that_it_reads(void **state)
{
	start_on_terminal("run", ETCD, key_text(state), "--", TYPED);
	await_lent();
	type("\n");
	assert_int_equal(command_end(&command), 5);
}

static void a_group_does_without_while_it_can(void **state)
{
	start_on_terminal("run", ETCD, key_text(state), "--", READER);
	command_number(&command);
	assert_int_equal(tcgetpgrp(keyboard), command.pid);
	type(CTRL_C);
	assert_int_equal(command_wait(&command), 128 + SIGINT);
	command_end(&command);
}

static void ctrl_c_ends_a_group_with_the_terminal(void **state)
{
	start_on_terminal("run", ETCD, key_text(state), "--", TYPED);
	await_lent();
	type(CTRL_C);
	assert_int_equal(command_wait(&command), 128 + SIGINT);
	command_end(&command);
}

/* As it would if they were in one group. */
static void ctrl_c_ends_the_script_around_it_as_well(void **state)
{
	session_start(&command, terminal, "sh",
		      (const char *const[]){
			      "sh", "-c",
			      "\"$0\" run --transport etcd \"$1\" -- sh -c "
			      "'echo $$; read line </dev/tty'; exit 9",
			      command_path(), key_text(state), NULL });
	await_lent();
	type(CTRL_C);
	assert_int_equal(command_wait(&command), -SIGINT);
	command_end(&command);
}

/* A command that has got the terminal is a stopped job: its process id. */
static pid_t start_and_stop(const char *key)
{
	pid_t pid;

	start_on_terminal("run", ETCD, key, "--", TYPED);
	pid = await_lent();
	type(CTRL_Z);
	wait_stopped(pid);
	wait_stopped(command.pid);
	return pid;
}

static void ctrl_z_stops_a_group_with_the_terminal(void **state)
{
	pid_t pid;

	if (is_slow())
		skip(); /* valgrind has no stopped processes */
	pid = start_and_stop(key_text(state));
	kill(-command.pid, SIGCONT); /* as fg does */
	wait_until(has_terminal, &pid);
	wait_asleep(pid);
	type("\n");
	assert_int_equal(command_end(&command), 5);
}

static void a_lost_lock_ends_a_job_that_is_stopped(void **state)
{
	if (is_slow())
		skip(); /* valgrind has no stopped processes */
	start_and_stop(key_text(state));
	cluster_lose(cluster, "gone");
	assert_int_equal(command_end(&command), 74);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(ctrl_c_ends_a_command_in_our_group),
		with_command(ctrl_c_ends_a_command_with_its_own_group),
		with_command(ctrl_c_ends_a_command_with_its_own_session),
		with_command(ctrl_c_reaches_a_command_in_our_group_once),
		with_command(ctrl_z_stops_a_command_with_its_own_group),
		with_cluster(a_group_gets_the_terminal_that_it_reads),
		with_cluster(a_group_does_without_while_it_can),
		with_cluster(ctrl_c_ends_a_group_with_the_terminal),
		with_cluster(ctrl_c_ends_the_script_around_it_as_well),
		with_cluster(ctrl_z_stops_a_group_with_the_terminal),
		with_cluster(a_lost_lock_ends_a_job_that_is_stopped),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
