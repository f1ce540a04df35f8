/* SPDX-License-Identifier: MIT */
/* command.h - the real portlock command, run by the tests with pipes around. */
#ifndef PORTLOCK_TESTS_COMMAND_H
#define PORTLOCK_TESTS_COMMAND_H

#include "tests/support/support.h"

#define COMMAND_TEXT 8192

/* A program that was started with three pipes and a process group. */
struct command {
	struct command *next;
	pid_t pid; /* 0: waited for */
	int in, out, err;
	int status;
	char output[COMMAND_TEXT]; /* filled by command_end() */
	char errors[COMMAND_TEXT];
};

/* Starts the file (by PATH if it has no slash); arguments[0] is its name. */
void program_start(struct command *command, const char *file,
		   const char *const *arguments);

/* The same as the leader of a session with the terminal of that path, which
 * must stay open elsewhere; in, out and err are pipes all the same. */
void session_start(struct command *command, const char *terminal,
		   const char *file, const char *const *arguments);

/* Starts the command that PORTLOCK_COMMAND names with these arguments. */
#define command_start(command, ...)                                            \
	program_start(command, command_path(),                                 \
		      (const char *const[]){ "portlock", __VA_ARGS__, NULL })
const char *command_path(void);

/* Reads the next line of its output (without the newline), or of that of what
 * it has started. */
void command_line(struct command *command, char line[COMMAND_TEXT]);

/* Reads a line that must be this one; one that is a number. */
void command_expect(struct command *command, const char *line);
pid_t command_number(struct command *command);

/* Starts portlock run with a command that goes on until its input ends, and
 * returns when that has the lock. */
void command_hold(struct command *command, const char *transport,
		  const char *key);

/* That command, for sh: it says its process id first. */
#define COMMAND_HOLDS "echo $$; read line"

/* Writes to its input. */
void command_tell(struct command *command, const char *text);

/* Waits for its end: the exit status, -signal if it was killed. */
int command_wait(struct command *command);

/* Ends its input, reads its output to the end, waits; as command_wait(). */
int command_end(struct command *command);

/* Starts it and ends it: command->output, command->errors; the status. */
#define command_run(command, ...)                                              \
	(command_start(command, __VA_ARGS__), command_end(command))

/* ---- keeper.c ------------------------------------------------------------- */

/* The keeper of a wrapper once there is one, another one than the previous. */
pid_t keeper_of(pid_t wrapper, pid_t previous);

/* Whether the process has ended, if only nobody has waited for it; returns when
 * it has. */
bool is_gone(pid_t pid);
void wait_gone(pid_t pid);

/* ---- for cmocka ----------------------------------------------------------- */

/* Asserts that a message mentions the text. */
void assert_mentions(const char *message, const char *text);

/* Kills what a failed test has left running; part of the next. */
void commands_kill(void);

/* With a key, see with_key(). */
int command_teardown(void **state);
#define with_command(test)                                                     \
	cmocka_unit_test_setup_teardown(test, key_setup, command_teardown)

#endif
