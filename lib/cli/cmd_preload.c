/* SPDX-License-Identifier: MIT */
/* cmd_preload.c - portlock preload: starts a program under the shim. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cli/preload.h"
#include "lib/cli/shim_path.h"
#include "lib/cli/trace/trace.h"

/* What is to be done, but the rules. */
struct request {
	bool check, trace;
	const char *file;    /* of --trace */
	const char *propose; /* a file that was written so */
};

/* Returns 0, or the status to exit with; -1: exit with 0. */
static int take_options(struct rules *rules, struct request *request, int argc,
			char **argv)
{
	static const char short_options[] = "+:r:f:ch";
	static const struct option options[] = {
		{ "rule", required_argument, NULL, 'r' },
		{ "rules", required_argument, NULL, 'f' },
		{ "check", no_argument, NULL, 'c' },
		{ "trace", optional_argument, NULL, 'T' },
		{ "propose", required_argument, NULL, 'P' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option, status = 0;

	while (status == 0 && (option = getopt_long(argc, argv, short_options,
						    options, NULL)) != -1) {
		switch (option) {
		case 'r':
			status = rules_add_option(rules, optarg);
			break;
		case 'f':
			status = rules_add_file(rules, optarg);
			break;
		case 'c':
			request->check = true;
			break;
		case 'T':
			request->trace = true;
			request->file = optarg;
			break;
		case 'P':
			request->propose = optarg;
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

int preload_first(const char *library)
{
	const char *others = getenv("LD_PRELOAD");
	char *preload = NULL;
	int size, status = 0;

	if (others && is_listed(library, others))
		size = asprintf(&preload, "%s", others);
	else if (others && *others)
		size = asprintf(&preload, "%s:%s", library, others);
	else
		size = asprintf(&preload, "%s", library);
	if (size < 0 || setenv("LD_PRELOAD", preload, 1) < 0) {
		complain("%s", strerror(errno));
		status = EXIT_SYSTEM;
	}
	if (size >= 0)
		free(preload);
	return status;
}

/* Puts rules and shim into the environment, before what is there (but the shim
 * only once); 0 or EXIT_SYSTEM. */
static int prepare(const struct rules *rules, const char *shim)
{
	char *text = rules_text(rules);
	int status = preload_first(shim);

	if (status == 0 &&
	    (!text || setenv("PORTLOCK_RULES", text, 1) < 0 ||
	     unsetenv("PORTLOCK_RULES_FILE") < 0)) { /* it is in the text */
		complain("%s", strerror(errno));
		status = EXIT_SYSTEM;
	}
	free(text);
	return status;
}

/* Whether the shim can serve the command: 0, or an exit status. */
static int check_command(const struct rules *rules, const char *shim,
			 const char *command)
{
	int status = check_shim(shim);

	if (status == 0)
		status = rules_check_proc(rules);
	return status ? status : check_program(command);
}

/* Starts nothing. */
static int check_all(const struct rules *rules, const char *shim, char **argv)
{
	bool has_command = *argv && (strcmp(*argv, "--") != 0 || argv[1]);
	int status = 0, warned;

	if (has_command)
		status = take_command(&verb_preload, &argv, PRELOAD_EXAMPLE);
	if (status)
		return status;
	warned = rules_check(rules);
	status = finish_output();
	if (status == 0 && has_command)
		status = check_command(rules, shim, *argv);
	return status ? status : warned;
}

static int start(const struct rules *rules, const struct request *request,
		 const char *shim, char **argv)
{
	int status = take_command(&verb_preload, &argv, PRELOAD_EXAMPLE);

	if (status == 0)
		status = check_command(rules, shim, *argv);
	if (status == 0)
		status = prepare(rules, shim);
	if (status)
		return status;
	if (request->trace)
		return trace_run(rules, shim, request->file, argv);
	execvp(*argv, argv);
	return cannot_run(*argv, errno);
}

/* Of these, only one; and all but traces are about rules. */
static int check_request(const struct request *request,
			 const struct rules *rules)
{
	if (request->check + request->trace + (request->propose != NULL) > 1)
		return misuse(&verb_preload, "--check, --trace and --propose "
					     "exclude each other: use one");
	if (request->trace && request->file && !*request->file)
		return misuse(&verb_preload,
			      "--trace= needs a FILE after it, or no '='");
	if (rules->count == 0 && !request->trace && !request->propose)
		return misuse(&verb_preload,
			      "there is no rule: give one with --rule or "
			      "--rules, as in: " PRELOAD_EXAMPLE
			      " (or --trace to look for some)");
	return 0;
}

static int preload(struct rules *rules, int argc, char **argv)
{
	const char *shim = shim_path();
	struct request request = { .check = false };
	int status = take_options(rules, &request, argc, argv);

	if (status)
		return status < 0 ? 0 : status;
	argv += optind;
	/* getopt_long() has taken a "--" that follows the options. */
	if (strcmp(argv[-1], "--") == 0)
		argv--;
	/* The rules that were there before come last: the first match counts. */
	status = rules_add_environment(rules);
	if (status == 0)
		status = check_request(&request, rules);
	if (status)
		return status;
	if (request.propose)
		return trace_report(rules, request.propose);
	return request.check ? check_all(rules, shim, argv)
			     : start(rules, &request, shim, argv);
}

static int run(int argc, char **argv)
{
	static struct rules rules;
	int status = preload(&rules, argc, argv);

	rules_free(&rules);
	return status;
}

const struct verb verb_preload = {
	.name = "preload",
	.summary = "start an unmodified program whose locks become portlocks",
	.help = "Usage: portlock preload [OPTION]... -- COMMAND "
		"[ARGUMENT]...\n"
		"       portlock preload --check [OPTION]... [-- COMMAND]\n"
		"       portlock preload --trace[=FILE] [OPTION]... -- COMMAND "
		"[ARGUMENT]...\n"
		"       portlock preload --propose=FILE\n"
		"Starts COMMAND with the shim, which turns those locks of the "
		"program that a RULE\n"
		"names into portlocks.\n\n"
		"  -r, --rule RULE   add a rule (repeatable; the first match "
		"counts)\n"
		"  -f, --rules FILE  add the rules of a file, one a line\n"
		"  -c, --check       start nothing: print what the rules do, "
		"warn of those that\n"
		"                    can never match\n"
		"      --trace       write what locks the program takes, to "
		"FILE or stderr, and\n"
		"                    at its end the rules that would serialise "
		"it\n"
		"      --propose     the same of a FILE that was written "
		"before\n"
		"  -h, --help        print this and exit\n\n"
		"A RULE is FAMILY PATTERN [key=KEY] [timeout=SECONDS] "
		"[transport=unix|tcp|etcd]\n"
		"[on-lost=kill|warn] [hold=exit] [shared=exclusive|bypass] "
		"[guard=no]\n[log=stderr|/FILE|none]:\n\n"
		"  lockfile */.git/*.lock         files that are a lock by "
		"being there\n"
		"  sem /my-mutex                  POSIX named semaphores used "
		"as mutexes\n"
		"  sysvsem /0x4d2/0               System V semaphores, by key "
		"and number\n"
		"  mutex */bin/server:queue_lock  pthread mutexes, by module "
		"and symbol\n"
		"  open /var/lib/app/state        files of programs that never "
		"lock\n"
		"  flock, fcntl, liblockfile      locks on files: */app.lock\n"
		"  passwd *                       lckpwdf()\n\n"
		"Exit status: that of COMMAND; 64 misuse, 71 no shim or no "
		"/proc, 126 COMMAND\n"
		"cannot be run or served (static, Go, set-user-ID, musl), 127 "
		"not found; with\n"
		"--check also 1 after a warning. See portlock-shim(7).\n\n"
		"  " PRELOAD_EXAMPLE "\n",
	.options = "--rule RULE, --rules FILE, --check, --trace[=FILE], "
		   "--propose=FILE or --help",
	.run = run,
};
