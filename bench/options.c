/* SPDX-License-Identifier: MIT */
/* options.c - what the user asked for. */
#include "config.h"

#include <getopt.h>
#include <string.h>

#include "bench/fail.h"
#include "bench/lock.h"
#include "bench/option_choices.h"
#include "bench/scenario.h"

#define ROUNDS 5
#define NOISE 0.25

#define ALONE 256 /* what getopt_long() returns for the first choice */

static _Noreturn void refuse_option(char **argv, int result)
{
	const char *word = argv[optind - 1];

	if (result == ':')
		fail_usage("option '%s' needs a value after it", word);
	if (optopt >= ALONE)
		fail_usage("option '%s' takes no value", word);
	if (optopt)
		fail_usage("unknown option '-%c': see portlock-bench --help",
			   optopt);
	fail_usage("unknown option '%s': see portlock-bench --help", word);
}

static const struct choice *choice_of(char **argv, int result)
{
	if (result == '?' || result == ':')
		refuse_option(argv, result);
	if (result >= ALONE)
		return &choices[result - ALONE];
	for (const struct choice *choice = choices;; choice++)
		if (choice->letter == result)
			return choice;
}

/* For getopt_long(); letters has room for two a choice, and two. */
static void describe(struct option *options, char *letters)
{
	*letters++ = ':';
	for (int i = 0; choices[i].name; i++) {
		const struct choice *choice = &choices[i];

		options[i].name = choice->name;
		options[i].has_arg =
			choice->value ? required_argument : no_argument;
		options[i].val = ALONE + i;
		if (choice->letter)
			*letters++ = choice->letter;
		if (choice->letter && choice->value)
			*letters++ = ':';
	}
	*letters = '\0';
}

static void take_options(struct request *request, int argc, char **argv)
{
	struct option options[CHOICES_MAX + 1] = { 0 };
	char letters[2 * CHOICES_MAX + 2];
	int result;

	describe(options, letters);
	opterr = 0;
	while ((result = getopt_long(argc, argv, letters, options, NULL)) >= 0)
		choice_of(argv, result)->take(request, optarg);
	for (; optind < argc; optind++)
		value_names(NULL, argv[optind], &request->scenarios);
}

static void name_all(struct request *request)
{
	int count = 0;

	request->locks.what = "lock";
	for (struct bench_lock *lock = bench_locks;
	     lock && count < LIST_MAX - 1; lock = lock->next)
		request->locks.all[count++] = lock->name;
	request->scenarios.what = "scenario";
	for (int i = 0; scenarios[i] && i < LIST_MAX - 1; i++)
		request->scenarios.all[i] = scenarios[i]->name;
}

static void choose(struct request *request)
{
	const struct names *names = &request->locks;

	names_end("locks", &request->locks);
	for (int i = 0; i < names->count; i++)
		request->options->locks[i] =
			bench_lock_find(names->all[names->chosen[i]]);
	names = &request->scenarios;
	request->options->all_scenarios = !names->named;
	names_end("scenarios", &request->scenarios);
	for (int i = 0; i < names->count; i++)
		request->options->scenarios[i] =
			scenario_find(names->all[names->chosen[i]]);
}

/* A quick run still does what the user named. */
static void be_quick(struct options *options)
{
	static const int processes[] = { 2, 16 }, keys[] = { 1, 100 };

	if (!options->rounds)
		options->rounds = 1;
	if (options->duration < 0)
		options->duration = DURATION / 5;
	if (!*options->processes)
		memcpy(options->processes, processes, sizeof(processes));
	if (!*options->keys)
		memcpy(options->keys, keys, sizeof(keys));
}

void options_read(struct options *options, int argc, char **argv)
{
	struct request request = { .options = options };

	*options = (struct options){
		.duration = -1,
		.hold = -1,
		.think = -1,
		.noise = NOISE,
	};
	name_all(&request);
	take_options(&request, argc, argv);
	choose(&request);
	if (request.quick)
		be_quick(options);
	if (!options->rounds)
		options->rounds = ROUNDS;
	if (options->csv && options->json &&
	    strcmp(options->csv, options->json) == 0)
		fail_usage("--csv and --json both write to '%s': name another "
			   "file for one",
			   options->csv);
}

int64_t duration_of(const struct options *options, int64_t own)
{
	return options->duration < 0 ? own : options->duration;
}
