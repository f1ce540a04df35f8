/* SPDX-License-Identifier: MIT */
/* cli.h - what the files of the command share. */
#ifndef PORTLOCK_CLI_H
#define PORTLOCK_CLI_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* How the command ends, unless as the command that it ran. */
enum {
	EXIT_BUSY = 1,
	EXIT_WARNED = 1,
	EXIT_USAGE = 64,
	EXIT_SYSTEM = 71,
	EXIT_LOST = 74,
	EXIT_CANNOT_RUN = 126,
	EXIT_NOT_FOUND = 127,
};

/* ---- main.c and cmd_*.c: what the command can do ------------------------ */

struct verb {
	const char *name;
	const char *summary;
	const char *help;    /* all that --help prints */
	const char *options; /* to name when an unknown one is given */
	int (*run)(int argc, char **argv); /* argv[0] is the name */
};

extern const struct verb verb_run;
extern const struct verb verb_list;
extern const struct verb verb_who;
extern const struct verb verb_wait;
extern const struct verb verb_address;
extern const struct verb verb_preload;
extern const struct verb verb_doctor;

/* ---- message.c: what it says --------------------------------------------- */

/* One line on stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same about a misuse of a verb; EXIT_USAGE. */
int misuse(const struct verb *verb, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same for what getopt_long() returned, '?' or ':'. */
int misuse_of_option(const struct verb *verb, char **argv,
		     const char *short_options, int result);

/* Ends the output: 0, or EXIT_SYSTEM if not all of it could be written. */
int finish_output(void);

/* Prints the verb's help; the result of finish_output(). */
int print_help(const struct verb *verb);

/*
 * What follows the arguments of a verb: an optional "--" and a COMMAND with
 * its own arguments, from *argv on.  Returns 0 with *argv at COMMAND, or
 * EXIT_USAGE after a message with the example.
 */
int take_command(const struct verb *verb, char ***argv, const char *example);

/* What follows the options of a verb: one KEY; 0, or EXIT_USAGE after a message
 * with the example of one. */
int take_key(const struct verb *verb, char **argv, const char *example);

/* Says why the command could not be executed; EXIT_NOT_FOUND or
 * EXIT_CANNOT_RUN. */
int cannot_run(const char *command, int error);

/* ---- seconds.c: times that a user gives --------------------------------- */

/* A time to wait, in ms; 0, or EXIT_USAGE after a message. */
int take_seconds(const struct verb *verb, const char *value, int64_t *ms);

/* ---- program.c, elf.c: which programs a shim can serve ------------------- */

/* 0, or the exit status after a message that says why the shim cannot. */
int check_shim(const char *shim);
int check_program(const char *command);

/*
 * The file that the kernel would load for a command: it, or the interpreter of
 * a script, through env(1) as well.  0, or the exit status after a message.
 */
int find_program(const char *command, char path[PATH_MAX]);

/* Why the loader would not put the shim into the program, or NULL. */
const char *elf_obstacle(const char *path);

/* The loader that a program of this machine asks for; false: it has none. */
bool elf_loader(const char *path, char loader[PATH_MAX]);

/* Whether it is the shim, for machines such as this command is for. */
bool elf_is_shim(const char *path);

#endif
