/* SPDX-License-Identifier: MIT */
/* message.c - what the command says, and how it ends when it cannot go on. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/cli/cli.h"

static void say(const char *verb, const char *format, va_list arguments)
{
	flockfile(stderr);
	fprintf(stderr, verb ? "portlock %s: " : "portlock: ", verb);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	funlockfile(stderr);
}

void complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(NULL, format, arguments);
	va_end(arguments);
}

int misuse(const struct verb *verb, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(verb->name, format, arguments);
	va_end(arguments);
	return EXIT_USAGE;
}

int misuse_of_option(const struct verb *verb, char **argv,
		     const char *short_options, int result)
{
	const char *word = argv[optind - 1];

	if (result == ':')
		return misuse(verb, "option '%s' needs a value after it", word);
	if (optopt == 0)
		return misuse(verb, "unknown option '%s': use %s", word,
			      verb->options);
	/* After "+:". */
	if (strchr(short_options + 2, optopt))
		return misuse(verb, "option '%s' takes no value", word);
	return misuse(verb, "unknown option '-%c': use %s", optopt,
		      verb->options);
}

int finish_output(void)
{
	if (ferror(stdout) || fclose(stdout) != 0) {
		complain("cannot write the output: %s", strerror(errno));
		return EXIT_SYSTEM;
	}
	return 0;
}

int print_help(const struct verb *verb)
{
	fputs(verb->help, stdout);
	return finish_output();
}

int take_command(const struct verb *verb, char ***argv, const char *example)
{
	bool separated = **argv && strcmp(**argv, "--") == 0;

	*argv += separated;
	if (!**argv)
		return misuse(verb, "COMMAND is missing, as in: %s", example);
	if (!separated && ***argv == '-')
		return misuse(verb,
			      "'%s' comes too late for an option and needs "
			      "'--' before it to be the COMMAND, as in: %s",
			      **argv, example);
	return 0;
}

int take_key(const struct verb *verb, char **argv, const char *example)
{
	if (!argv[0])
		return misuse(verb, "KEY is missing, as in: portlock %s %s",
			      verb->name, example);
	if (argv[1])
		return misuse(verb,
			      "'%s' is one word too many: %s is about one KEY",
			      argv[1], verb->name);
	if (!*argv[0])
		return misuse(verb,
			      "the KEY is empty: a key is any other text");
	return 0;
}

int cannot_run(const char *command, int error)
{
	bool missing = error == ENOENT || error == ENOTDIR;

	if (missing && !strchr(command, '/'))
		complain("cannot run '%s': no such program in PATH", command);
	else
		complain("cannot run '%s': %s", command, strerror(error));
	return missing ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}
