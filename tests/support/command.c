/* SPDX-License-Identifier: MIT */
/* command.c - starts the portlock command, talks with it, sees how it ended. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/command.h"

#define HANG_MS 120000

static struct command *running; /* and not yet ended */

const char *command_path(void)
{
	const char *path = getenv("PORTLOCK_COMMAND");

	if (!path)
		fail_msg("PORTLOCK_COMMAND must name the portlock command");
	return path;
}

/* The terminal that a session leader opens becomes that of the session. */
static bool lead(const char *terminal)
{
	if (!terminal)
		return setpgid(0, 0) == 0;
	return setsid() > 0 && open(terminal, O_RDWR | O_CLOEXEC) >= 0;
}

void session_start(struct command *command, const char *terminal,
		   const char *file, const char *const *arguments)
{
	int in[2], out[2], err[2];
	pid_t test = getpid();

	require(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
		pipe2(err, O_CLOEXEC) == 0);
	command->pid = fork();
	require(command->pid >= 0);
	if (command->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != test || !lead(terminal) ||
		    dup2(in[0], STDIN_FILENO) < 0 ||
		    dup2(out[1], STDOUT_FILENO) < 0 ||
		    dup2(err[1], STDERR_FILENO) < 0)
			_exit(70);
		execvp(file, (char *const *)arguments);
		_exit(70);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	command->in = in[1];
	command->out = out[0];
	command->err = err[0];
	command->next = running;
	running = command;
}

void program_start(struct command *command, const char *file,
		   const char *const *arguments)
{
	session_start(command, NULL, file, arguments);
}

/* Up to size bytes as soon as there are some; 0 at the end. */
static size_t read_some(int fd, char *to, size_t size)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int limit = HANG_MS * (is_slow() ? 10 : 1);
	ssize_t got;

	require(poll(&ready, 1, limit) > 0); /* else it hangs */
	got = read(fd, to, size);
	require(got >= 0);
	return (size_t)got;
}

void command_line(struct command *command, char line[COMMAND_TEXT])
{
	size_t length = 0;

	do {
		require(length < COMMAND_TEXT);
		require(read_some(command->out, &line[length], 1) == 1);
	} while (line[length++] != '\n');
	line[length - 1] = '\0';
}

void command_expect(struct command *command, const char *expected)
{
	char line[COMMAND_TEXT];

	command_line(command, line);
	assert_string_equal(line, expected);
}

pid_t command_number(struct command *command)
{
	char line[COMMAND_TEXT];

	command_line(command, line);
	assert_in_range(atoi(line), 2, INT32_MAX);
	return atoi(line);
}

void command_hold(struct command *command, const char *transport,
		  const char *key)
{
	command_start(command, "run", "--transport", transport, key, "--", "sh",
		      "-c", COMMAND_HOLDS);
	command_number(command);
}

void command_tell(struct command *command, const char *text)
{
	size_t length = strlen(text);

	require(write(command->in, text, length) == (ssize_t)length);
}

static bool has_ended(void *argument)
{
	struct command *command = argument;
	pid_t ended;
	int status;

	if (command->pid == 0)
		return true;
	ended = waitpid(command->pid, &status, WNOHANG);
	require(ended >= 0);
	if (ended == 0)
		return false;
	command->pid = 0;
	command->status =
		WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

int command_wait(struct command *command)
{
	wait_until(has_ended, command);
	return command->status;
}

static void read_all(int fd, char text[COMMAND_TEXT])
{
	size_t length = 0, got;

	do {
		require(length < COMMAND_TEXT - 1);
		got = read_some(fd, text + length, COMMAND_TEXT - 1 - length);
		length += got;
	} while (got > 0);
	text[length] = '\0';
}

static void forget(struct command *command)
{
	struct command **link = &running;

	while (*link != command)
		link = &(*link)->next;
	*link = command->next;
	close(command->out);
	close(command->err);
}

int command_end(struct command *command)
{
	close(command->in);
	command->in = -1;
	read_all(command->out, command->output);
	read_all(command->err, command->errors);
	command_wait(command);
	forget(command);
	return command->status;
}

void assert_mentions(const char *message, const char *text)
{
	if (!strstr(message, text))
		fail_msg("'%s' does not mention '%s'", message, text);
}

void commands_kill(void)
{
	while (running) {
		if (running->pid > 0) {
			kill(-running->pid, SIGKILL);
			command_wait(running);
		}
		if (running->in >= 0)
			close(running->in);
		forget(running);
	}
}

int command_teardown(void **state)
{
	commands_kill();
	return key_teardown(state);
}
