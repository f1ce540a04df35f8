/* SPDX-License-Identifier: MIT */
/* option_choices.c - what each option does, and what --help says of it. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portlock/portlock.h>

#include "bench/etcd.h"
#include "bench/fail.h"
#include "bench/lock.h"
#include "bench/option_choices.h"
#include "bench/scenario.h"

static const struct range seconds = { "time in seconds", 0.001, 3600, "0.5" };
static const struct range usec = { "time in microseconds", 0, 1e6, "300" };
static const struct range percent = { "percentage", 0, 10000, "25" };
static const struct range rounds = { "number of rounds", 1, 1000, "5" };
static const struct range processes = { "number of processes", 1, 2048,
					"2,16,100" };
static const struct range keys = { "number of keys", 1, 1e6, "1,100,10000" };

/* ---- each option ---------------------------------------------------------- */

static void take_duration(struct request *request, const char *value)
{
	request->options->duration =
		(int64_t)(value_number("duration", value, &seconds) * 1e9);
}

static void take_rounds(struct request *request, const char *value)
{
	request->options->rounds = value_count("rounds", value, &rounds);
}

static void take_processes(struct request *request, const char *value)
{
	value_counts("processes", value, &processes,
		     request->options->processes);
}

static void take_keys(struct request *request, const char *value)
{
	value_counts("keys", value, &keys, request->options->keys);
}

static void take_hold(struct request *request, const char *value)
{
	request->options->hold =
		(int64_t)(value_number("hold", value, &usec) * 1e3);
}

static void take_think(struct request *request, const char *value)
{
	request->options->think =
		(int64_t)(value_number("think", value, &usec) * 1e3);
}

static void take_locks(struct request *request, const char *value)
{
	value_names("locks", value, &request->locks);
}

static void take_scenarios(struct request *request, const char *value)
{
	value_names("scenarios", value, &request->scenarios);
}

static void take_idle(struct request *request, const char *value)
{
	(void)value;
	request->options->idle = true;
}

static void take_noise(struct request *request, const char *value)
{
	request->options->noise = value_number("noise", value, &percent) / 100;
}

static void take_quick(struct request *request, const char *value)
{
	(void)value;
	request->quick = true;
}

static const char *take_path(const char *option, const char *value)
{
	if (!*value)
		fail_usage("--%s: the name is empty: use that of a file or "
			   "folder",
			   option);
	return value;
}

static void take_folder(struct request *request, const char *value)
{
	request->options->folder = take_path("folder", value);
}

/* Where portlock has them from, too. */
static void take_etcd(struct request *request, const char *value)
{
	(void)request;
	if (!*value)
		fail_usage("--etcd: no endpoint: use one such as "
			   "http://127.0.0.1:2379");
	setenv(ETCD_ENDPOINTS, value, 1);
}

static void take_csv(struct request *request, const char *value)
{
	request->options->csv = take_path("csv", value);
}

static void take_json(struct request *request, const char *value)
{
	request->options->json = take_path("json", value);
}

static void take_report(struct request *request, const char *value)
{
	request->options->report = take_path("report", value);
}

static void take_quiet(struct request *request, const char *value)
{
	(void)value;
	request->options->quiet = true;
}

/* ---- what is asked instead of a run --------------------------------------- */

static _Noreturn void end_output(void)
{
	if (ferror(stdout) || fclose(stdout) != 0)
		fail("cannot write the output: %s", strerror(errno));
	exit(0);
}

static void list(struct request *request, const char *value)
{
	(void)request;
	(void)value;
	puts("Scenarios:");
	for (int i = 0; scenarios[i]; i++)
		printf("  %-16s %s\n", scenarios[i]->name, scenarios[i]->what);
	puts("Locks:");
	for (struct bench_lock *lock = bench_locks; lock; lock = lock->next)
		printf("  %-16s %s%s\n", lock->name, lock->what,
		       lock->orphans ? "; stays taken when its holder is killed"
				     : "");
	end_output();
}

static void print_version(struct request *request, const char *value)
{
	(void)request;
	(void)value;
	printf("portlock-bench %s\n", portlock_version());
	end_output();
}

static void help(struct request *request, const char *value);

const struct choice choices[] = {
	{ "scenarios", 's', "LIST", "the same as SCENARIOs", take_scenarios },
	{ "locks", 'l', "LIST", "what is compared; -NAME leaves one out",
	  take_locks },
	{ "processes", 'p', "LIST", "how many want a lock", take_processes },
	{ "keys", 'k', "LIST", "how many locks one process holds", take_keys },
	{ "hold", 0, "US", "how long a lock is held, in microseconds",
	  take_hold },
	{ "think", 0, "US", "from a release to the next acquire", take_think },
	{ "duration", 'd', "SECONDS", "of each measurement, such as 0.5",
	  take_duration },
	{ "rounds", 'r', "NUMBER", "how often each is made, 5 by default",
	  take_rounds },
	{ "quick", 0, NULL, "1 round of 0.1 s, small numbers", take_quick },
	{ "idle", 0, NULL, "let processors go to sleep", take_idle },
	{ "noise", 0, "PERCENT", "warn of a larger spread, 25 by default",
	  take_noise },
	{ "folder", 0, "DIR", "where locks that are files are made",
	  take_folder },
	{ "etcd", 0, "URLS", "measure cluster with these endpoints",
	  take_etcd },
	{ "csv", 0, "FILE", "write the figures; - is standard output",
	  take_csv },
	{ "json", 0, "FILE", "the same as JSON", take_json },
	{ "report", 0, "DIR", "make a folder with all of it, and plots",
	  take_report },
	{ "quiet", 'q', NULL, "do not tell what is being measured",
	  take_quiet },
	{ "list", 0, NULL, "print all scenarios and locks, and exit", list },
	{ "help", 'h', NULL, "print this and exit", help },
	{ "version", 'V', NULL, "print the version and exit", print_version },
	{ 0 },
};
_Static_assert(sizeof(choices) / sizeof(choices[0]) <= CHOICES_MAX + 1,
	       "raise CHOICES_MAX");

static void help(struct request *request, const char *value)
{
	(void)request;
	(void)value;
	puts("Usage: portlock-bench [OPTION]... [SCENARIO]...\n"
	     "Measures how long processes wait for each other at locks of "
	     "many kinds.\n");
	for (const struct choice *choice = choices; choice->name; choice++) {
		char name[32];

		snprintf(name, sizeof(name), "--%s %s", choice->name,
			 choice->value ? choice->value : "");
		if (choice->letter)
			printf("  -%c, ", choice->letter);
		else
			printf("      ");
		printf("%-20s %s\n", name, choice->what);
	}
	puts("\nA LIST has commas: --processes 2,16 --locks=-flock\n"
	     "Exit status: 0, 1 something could not be measured, 3 two had a "
	     "lock at the same\n"
	     "time, 64 misuse. The manual is portlock-bench(1).");
	end_output();
}
