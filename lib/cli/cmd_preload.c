/* SPDX-License-Identifier: MIT */
/* cmd_preload.c - portlock preload: starts a program under the shim. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cli/cli.h"
#include "shim/shim.h"

#define EXAMPLE "portlock preload --rule 'lockfile */.git/*.lock' -- git gc"

#define SHIM PKGLIBDIR "/portlock-shim.so"

/* The text of PORTLOCK_RULES as it grows. */
struct rules {
	FILE *stream; /* writes text */
	char *text;
	size_t size;
	int count;
};

/* Adds what has come from the source after a check; 0 or EXIT_USAGE. */
static int add_rules(struct rules *rules, const char *source, const char *text)
{
	static struct shim_rule parsed[SHIM_RULES_MAX];
	struct shim_rule_error error;
	char *copy = strdup(text);
	int count;

	if (!copy) {
		complain("%s", strerror(errno));
		return EXIT_SYSTEM;
	}
	count = shim_rules_parse(copy, parsed, SHIM_RULES_MAX, &error);
	free(copy);
	if (count < 0)
		return misuse(&verb_preload,
			      error.example ? "%s: line %u, column %u: %s "
					      "(a good rule: %s)"
					    : "%s: line %u, column %u: %s",
			      source, error.line, error.column, error.message,
			      error.example);
	rules->count += count;
	fprintf(rules->stream, "%s\n", text);
	/* More the shim does not take. */
	if (rules->count > SHIM_RULES_MAX ||
	    ftell(rules->stream) >= SHIM_RULES_TEXT_MAX)
		return misuse(&verb_preload,
			      "too many rules: at most %d, and %d bytes, have "
			      "room",
			      SHIM_RULES_MAX, SHIM_RULES_TEXT_MAX);
	return 0;
}

static int add_rule(struct rules *rules, const char *text)
{
	int before = rules->count, status;
	char source[80];

	snprintf(source, sizeof(source), "--rule '%.60s'", text);
	status = add_rules(rules, source, text);
	if (status == 0 && rules->count == before)
		return misuse(&verb_preload, "%s: there is no rule in it",
			      source);
	return status;
}

static int add_file(struct rules *rules, const char *path)
{
	char *text = NULL;
	size_t room = 0;
	FILE *file = fopen(path, "re");
	ssize_t size = file ? getdelim(&text, &room, '\0', file) : -1;
	int status;

	if (!file || ferror(file))
		status = misuse(&verb_preload, "--rules: cannot read '%s': %s",
				path, strerror(errno));
	else if (size > 0 && text[size - 1] == '\0')
		status = misuse(&verb_preload, "--rules: '%s' is no text file",
				path);
	else
		status = add_rules(rules, path, size > 0 ? text : "");
	if (file)
		fclose(file);
	free(text);
	return status;
}

/* Returns 0, or the status to exit with; -1: exit with 0. */
static int take_options(struct rules *rules, int argc, char **argv)
{
	static const char short_options[] = "+:r:f:h";
	static const struct option options[] = {
		{ "rule", required_argument, NULL, 'r' },
		{ "rules", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option, status = 0;

	while (status == 0 && (option = getopt_long(argc, argv, short_options,
						    options, NULL)) != -1) {
		switch (option) {
		case 'r':
			status = add_rule(rules, optarg);
			break;
		case 'f':
			status = add_file(rules, optarg);
			break;
		case 'h':
			status = print_help(&verb_preload);
			return status ? status : -1;
		default:
			status = misuse_of_option(&verb_preload, argv,
						  short_options, option);
		}
	}
	return status;
}

/* The rules that were there before come last: the first match counts. */
static int add_environment(struct rules *rules)
{
	const char *inherited = getenv("PORTLOCK_RULES");
	int status = 0;

	if (inherited)
		status = add_rules(rules, "PORTLOCK_RULES in the environment",
				   inherited);
	if (status == 0 && rules->count == 0)
		status = misuse(&verb_preload,
				"there is no rule: give one "
				"with --rule or --rules, as in: " EXAMPLE);
	return status;
}

/* Whether the loader finds the path in the list. */
static bool is_listed(const char *path, const char *list)
{
	size_t length = strlen(path);

	for (; *list; list += strspn(list, ": ")) {
		size_t size = strcspn(list, ": ");

		if (size == length && strncmp(list, path, size) == 0)
			return true;
		list += size;
	}
	return false;
}

/* Puts rules and shim into the environment, before what is there (but the shim
 * only once); 0 or EXIT_SYSTEM. */
static int prepare(struct rules *rules, const char *shim)
{
	const char *others = getenv("LD_PRELOAD");
	char *preload = NULL;
	int status = 0, size;

	if (others && is_listed(shim, others))
		size = asprintf(&preload, "%s", others);
	else if (others && *others)
		size = asprintf(&preload, "%s:%s", shim, others);
	else
		size = asprintf(&preload, "%s", shim);
	if (size < 0 || fflush(rules->stream) != 0 ||
	    setenv("LD_PRELOAD", preload, 1) < 0 ||
	    setenv("PORTLOCK_RULES", rules->text, 1) < 0) {
		complain("%s", strerror(errno));
		status = EXIT_SYSTEM;
	}
	free(preload);
	return status;
}

static int preload(struct rules *rules, int argc, char **argv)
{
	const char *elsewhere = secure_getenv("PORTLOCK_SHIM");
	const char *shim = elsewhere ? elsewhere : SHIM;
	int status = take_options(rules, argc, argv);

	if (status)
		return status < 0 ? 0 : status;
	argv += optind;
	/* getopt_long() has taken a "--" that follows the options. */
	if (strcmp(argv[-1], "--") == 0)
		argv--;
	status = take_command(&verb_preload, &argv, EXAMPLE);
	if (status == 0)
		status = add_environment(rules);
	if (status == 0)
		status = check_shim(shim);
	if (status == 0)
		status = check_program(*argv);
	if (status == 0)
		status = prepare(rules, shim);
	if (status)
		return status;
	execvp(*argv, argv);
	return cannot_run(*argv, errno);
}

static int run(int argc, char **argv)
{
	struct rules rules = { 0 };
	int status;

	rules.stream = open_memstream(&rules.text, &rules.size);
	if (!rules.stream) {
		complain("%s", strerror(errno));
		return EXIT_SYSTEM;
	}
	status = preload(&rules, argc, argv);
	fclose(rules.stream);
	free(rules.text);
	return status;
}

const struct verb verb_preload = {
	.name = "preload",
	.summary = "start an unmodified program whose locks become portlocks",
	.help = "Usage: portlock preload [OPTION]... -- COMMAND "
		"[ARGUMENT]...\n"
		"Starts COMMAND with the shim, which turns those locks of the "
		"program that a RULE\n"
		"names into portlocks.\n\n"
		"  -r, --rule RULE   add a rule (repeatable; the first match "
		"counts)\n"
		"  -f, --rules FILE  add the rules of a file, one a line\n"
		"  -h, --help        print this and exit\n\n"
		"A RULE is FAMILY PATTERN [key=KEY] [timeout=SECONDS] "
		"[transport=unix|tcp]:\n\n"
		"  lockfile */.git/*.lock    files that a program creates to "
		"lock something\n"
		"  sem /my-mutex             a POSIX named semaphore used as a "
		"mutex\n\n"
		"Exit status: that of COMMAND; 64 misuse, 71 no shim, 126 "
		"COMMAND cannot be run\n"
		"or served (static, Go, set-user-ID, musl), 127 not found. "
		"See portlock-shim(7).\n\n"
		"  " EXAMPLE "\n",
	.options = "--rule RULE, --rules FILE or --help",
	.run = run,
};
