/* SPDX-License-Identifier: MIT */
/* cmd_doctor.c - portlock doctor: what is in the way of locks on this machine,
 * and of the shim in a program.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli/doctor/doctor.h"

#define EXAMPLE "portlock doctor -- git"

struct request {
	struct rules rules;
	bool json;
};

/* Returns 0, or the status to exit with; -1: exit with 0. */
static int take_options(struct request *request, int argc, char **argv)
{
	static const char short_options[] = "+:r:f:jh";
	static const struct option options[] = {
		{ "rule", required_argument, NULL, 'r' },
		{ "rules", required_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option, status = 0;

	while (status == 0 && (option = getopt_long(argc, argv, short_options,
						    options, NULL)) != -1) {
		switch (option) {
		case 'r':
			status = rules_add_option(&request->rules, optarg);
			break;
		case 'f':
			status = rules_add_file(&request->rules, optarg);
			break;
		case 'j':
			request->json = true;
			break;
		case 'h':
			status = print_help(&verb_doctor);
			return status ? status : -1;
		default:
			status = misuse_of_option(&verb_doctor, argv,
						  short_options, option);
		}
	}
	return status;
}

/* The rules of the environment, if the shim takes them. */
static int add_environment(struct rules *rules, bool good)
{
	if (!good || (!getenv("PORTLOCK_RULES") &&
		      !getenv("PORTLOCK_RULES_FILE") && rules->count == 0))
		return 0;
	return rules_add_environment(rules);
}

static enum level worst(const struct report *report)
{
	enum level level = LEVEL_OK;

	for (int i = 0; i < report->count; i++)
		if (report->list[i].level > level)
			level = report->list[i].level;
	return level;
}

static int tell(const struct report *machine, const struct program *program,
		bool json)
{
	int status = 0;

	if (machine->failed || program->report.failed || program->uses.failed) {
		complain("out of memory");
		return EXIT_SYSTEM;
	}
	if (json)
		status = doctor_print_json(machine, program);
	else
		doctor_print_words(machine, program);
	if (status == 0)
		status = finish_output();
	if (status == 0 && (worst(machine) >= LEVEL_WARNING ||
			    worst(&program->report) >= LEVEL_WARNING))
		status = EXIT_WARNED;
	return status;
}

static int examine(struct request *request, const char *command)
{
	static struct program program;
	struct report machine = { 0 };
	bool good = examine_machine(&machine, command != NULL);
	int status = 0;

	program.command = command;
	if (command)
		status = add_environment(&request->rules, good);
	if (command && status == 0)
		status = examine_program(&program, &request->rules);
	if (status == 0)
		status = tell(&machine, &program, request->json);
	report_free(&machine);
	report_free(&program.report);
	uses_free(&program.uses);
	return status;
}

static int run(int argc, char **argv)
{
	static struct request request = { .rules.verb = &verb_doctor };
	int status = take_options(&request, argc, argv);

	argv += optind;
	/* getopt_long() has taken a "--" that follows the options. */
	if (status == 0 && strcmp(argv[-1], "--") == 0)
		argv--;
	if (status == 0 && *argv)
		status = take_command(&verb_doctor, &argv, EXAMPLE);
	if (status == 0 && !*argv && request.rules.count > 0)
		status = misuse(&verb_doctor,
				"rules need a COMMAND that they are for, as "
				"in: " EXAMPLE);
	if (status == 0)
		status = examine(&request, *argv);
	rules_free(&request.rules);
	return status < 0 ? 0 : status;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.summary = "tell what is in the way of locks, or of the shim",
	.help = "Usage: portlock doctor [OPTION]... [-- COMMAND]\n"
		"Looks at what locks need of this machine and, given a "
		"COMMAND, which is not started,\n"
		"at what the shim can do for it: which functions that take "
		"locks it and its\n"
		"libraries import, what the shim could not see, and which "
		"rules can match.\n"
		"Each line is ok, a note (a limit), a warning or a problem; "
		"below it, what to do.\n\n"
		"  -r, --rule RULE   a rule for COMMAND, see portlock preload "
		"(repeatable)\n"
		"  -f, --rules FILE  the rules of a file, one a line\n"
		"  -j, --json        write JSON\n"
		"  -h, --help        print this and exit\n\n"
		"Exit status: 0 all is well, 1 warnings or problems, 64 "
		"misuse, 71 system error,\n"
		"126 COMMAND cannot be run, 127 not found.\n\n"
		"  " EXAMPLE "\n",
	.options = "--rule RULE, --rules FILE, --json or --help",
	.run = run,
};
