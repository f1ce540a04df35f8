/* SPDX-License-Identifier: MIT */
/* options.c - what the user asked for. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/fail.h"
#include "bench/lock.h"
#include "bench/options.h"
#include "bench/scenario.h"

#define MSEC INT64_C(1000000)

static const struct option long_options[] = {
	{ "duration", required_argument, NULL, 'd' },
	{ "rounds", required_argument, NULL, 'r' },
	{ "locks", required_argument, NULL, 'l' },
	{ "processes", required_argument, NULL, 'p' },
	{ NULL, 0, NULL, 0 },
};

static void read_locks(struct options *options, char *list)
{
	int count = 0;

	memset(options->locks, 0, sizeof(options->locks));
	for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
		options->locks[count] = bench_lock_find(name);
		if (!options->locks[count++])
			fail_usage("there is no lock '%s'", name);
	}
}

static void read_processes(struct options *options, char *list)
{
	int count = 0;

	for (char *text = strtok(list, ","); text; text = strtok(NULL, ","))
		options->processes[count++] = atoi(text);
}

static void set_defaults(struct options *options)
{
	int count = 0;

	*options = (struct options){
		.rounds = 5,
		.duration = 500 * MSEC,
		.hold = -1,
		.think = -1,
		.noise = 0.25,
	};
	for (struct bench_lock *lock = bench_locks; lock; lock = lock->next)
		options->locks[count++] = lock;
}

void options_read(struct options *options, int argc, char **argv)
{
	int option, count = 0;

	set_defaults(options);
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) >=
	       0) {
		switch (option) {
		case 'd':
			options->duration = (int64_t)(strtod(optarg, NULL) *
						      1e9);
			break;
		case 'r':
			options->rounds = atoi(optarg);
			break;
		case 'l':
			read_locks(options, optarg);
			break;
		case 'p':
			read_processes(options, optarg);
			break;
		default:
			exit(EXIT_USAGE);
		}
	}
	for (; optind < argc; optind++) {
		options->scenarios[count] = scenario_find(argv[optind]);
		if (!options->scenarios[count++])
			fail_usage("there is no scenario '%s'", argv[optind]);
	}
	if (count == 0)
		for (; scenarios[count]; count++)
			options->scenarios[count] = scenarios[count];
}
