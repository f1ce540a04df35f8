/* SPDX-License-Identifier: MIT */
/* main.c - portlock VERB ...: finds out what is to be done. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <portlock/portlock.h>

#include "lib/cli/cli.h"

/* In the order in which they are told of. */
static const struct verb *const verbs[] = {
	&verb_run,     &verb_list,    &verb_who,    &verb_wait,
	&verb_address, &verb_preload, &verb_doctor,
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* "run, list, ... or help" */
static const char *verb_names(void)
{
	static char names[256];
	char *at = names;

	for (size_t i = 0; i < VERBS; i++)
		at = stpcpy(stpcpy(at, i > 0 ? ", " : ""), verbs[i]->name);
	strcpy(at, " or help");
	return names;
}

static const struct verb *verb_named(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	complain("unknown command '%s': use %s", name, verb_names());
	return NULL;
}

static int print_version(void)
{
	printf("portlock %s\n", portlock_version());
	return finish_output();
}

static int print_overview(void)
{
	puts("Usage: portlock COMMAND [ARGUMENT]...\n"
	     "Locks that have a name, exclude processes, and die with their "
	     "holder.\n");
	for (size_t i = 0; i < VERBS; i++)
		printf("  %-8s %s\n", verbs[i]->name, verbs[i]->summary);
	puts("  help     describe one of these\n\n"
	     "  -h, --help     print this and exit\n"
	     "  -V, --version  print the version and exit\n\n"
	     "'portlock COMMAND --help' tells more; the manual is "
	     "portlock(1).");
	return finish_output();
}

/* names: what is to be described, if anything. */
static int help(char **names)
{
	const struct verb *verb;

	if (!names[0])
		return print_overview();
	if (names[1]) {
		complain("'%s' is one word too many: help describes one "
			 "command",
			 names[1]);
		return EXIT_USAGE;
	}
	verb = verb_named(names[0]);
	return verb ? print_help(verb) : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const struct verb *verb;
	const char *word = argc > 1 ? argv[1] : NULL;

	setvbuf(stderr, NULL, _IOLBF, BUFSIZ); /* a line is one write */
	opterr = 0;
	if (!word) {
		complain("a command is missing: use %s", verb_names());
		return EXIT_USAGE;
	}
	if (!strcmp(word, "help") || !strcmp(word, "--help") ||
	    !strcmp(word, "-h"))
		return help(argv + 2);
	if (!strcmp(word, "--version") || !strcmp(word, "-V"))
		return print_version();
	if (*word == '-') {
		complain("unknown option '%s': use --help, --version or a "
			 "command (%s)",
			 word, verb_names());
		return EXIT_USAGE;
	}
	verb = verb_named(word);
	return verb ? verb->run(argc - 1, argv + 1) : EXIT_USAGE;
}
