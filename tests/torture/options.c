/* SPDX-License-Identifier: MIT */
/* options.c - what the command line says. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tests/torture/torture.h"

static const char help[] =
	"usage: torture [OPTION]...\n"
	"Takes, lets go, kills, stops and forks at random moments, and judges "
	"by a\ncounter and a history that the lock excludes.\n\n"
	"  --seconds N     how long (60)\n"
	"  --grants N      ends after so many grants, if that is sooner\n"
	"  --seed N        draws the same decisions again; N is printed\n"
	"  --processes N   actors (16); as root every fourth is another "
	"user's\n"
	"  --threads N     threads of an actor, at most (4, which is the "
	"limit)\n"
	"  --keys N        keys (6): the first is taken by tcp alone, the "
	"second by\n"
	"                  unix alone, the others by both; the last two share "
	"ports\n"
	"  --strangers N   of each kind, who follow one of the rules or squat "
	"(1)\n"
	"  --kills N, --stops N, --signals N\n"
	"                  a second (20, 60, 100)\n"
	"  --patience N    seconds until a wait counts as lost (60)\n"
	"  --history FILE  keeps the history, a line for each grant (G KEY "
	"ROOMS ID\n"
	"                  THREAD COUNT TOKEN), release (R) and kill (K ID "
	"PID)\n"
	"  --show SLOT     prints the first steps that a slot draws, and ends\n"
	"  --break WHAT    plants a fault that must be found: exclusion, "
	"token, "
	"wait,\n"
	"                  name, descriptor\n"
	"The exit status is 0, 1 if something was violated, 64 if this usage "
	"was.\n";

static const char *const plants[] = {
	[NO_PLANT] = "none",	 [PLANT_EXCLUSION] = "exclusion",
	[PLANT_TOKEN] = "token", [PLANT_WAIT] = "wait",
	[PLANT_NAME] = "name",	 [PLANT_DESCRIPTOR] = "descriptor",
};

#define PLANTS (sizeof(plants) / sizeof(plants[0]))

/* The numbers, with what they may be. */
static const struct {
	const char *name;
	size_t where;
	int64_t least, most;
} numbers[] = {
	{ "seconds", offsetof(struct plan, seconds), 1, 1000000 },
	{ "grants", offsetof(struct plan, grants), 0, INT64_MAX },
	{ "seed", offsetof(struct plan, seed), 0, INT64_MAX },
	{ "processes", offsetof(struct plan, processes), 1, 200 },
	{ "threads", offsetof(struct plan, threads), 1, SEATS },
	{ "keys", offsetof(struct plan, keys), 1, KEYS_MAX },
	{ "strangers", offsetof(struct plan, strangers), 0, 16 },
	{ "kills", offsetof(struct plan, kills), 0, 10000 },
	{ "stops", offsetof(struct plan, stops), 0, 10000 },
	{ "signals", offsetof(struct plan, signals), 0, 10000 },
	{ "patience", offsetof(struct plan, patience), 1, 100000 },
	{ "show", offsetof(struct plan, shown), 0, SLOTS_MAX - 1 },
};

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

enum { HISTORY = NUMBERS, BREAK, HELP, OPTIONS };

static void refuse(const char *option, const char *value, const char *rule)
{
	fprintf(stderr, "torture: --%s %s: %s\n", option, value, rule);
	exit(64);
}

static void set_number(struct plan *plan, size_t which, const char *text)
{
	char rule[64];
	long long value;
	char *end;

	errno = 0;
	value = strtoll(text, &end, 10);
	snprintf(rule, sizeof(rule), "not a number from %lld to %lld",
		 (long long)numbers[which].least,
		 (long long)numbers[which].most);
	if (errno || end == text || *end || value < numbers[which].least ||
	    value > numbers[which].most)
		refuse(numbers[which].name, text, rule);
	memcpy((char *)plan + numbers[which].where, &(int64_t){ value },
	       sizeof(int64_t));
}

static enum plant plant_of(const char *name)
{
	for (size_t i = 0; i < PLANTS; i++)
		if (strcmp(plants[i], name) == 0)
			return (enum plant)i;
	refuse("break", name, "no such fault; see --help");
	return NO_PLANT;
}

static void set(struct plan *plan, int which, const char *value)
{
	if (which < (int)NUMBERS) {
		set_number(plan, (size_t)which, value);
	} else if (which == HISTORY) {
		plan->history = value;
	} else if (which == BREAK) {
		plan->plant = plant_of(value);
	} else if (which == HELP) {
		fputs(help, stdout);
		exit(0);
	} else {
		exit(64); /* getopt_long() has said why */
	}
}

/* A seed that has been drawn is short enough to be typed. */
static int64_t new_seed(void)
{
	uint32_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uint32_t)now_ns();
	return seed;
}

void options_read(struct plan *plan, int argc, char **argv)
{
	struct option options[OPTIONS + 1] = {
		[HISTORY] = { "history", required_argument, NULL, HISTORY },
		[BREAK] = { "break", required_argument, NULL, BREAK },
		[HELP] = { "help", no_argument, NULL, HELP },
	};
	int which;

	*plan = (struct plan){ .seed = new_seed(),
			       .seconds = 60,
			       .processes = 16,
			       .threads = SEATS,
			       .keys = 6,
			       .strangers = 1,
			       .kills = 20,
			       .stops = 60,
			       .signals = 100,
			       .patience = 60,
			       .shown = -1 };
	for (int i = 0; i < (int)NUMBERS; i++)
		options[i] = (struct option){ numbers[i].name,
					      required_argument, NULL, i };
	while ((which = getopt_long(argc, argv, "", options, NULL)) >= 0)
		set(plan, which, optarg);
	if (optind < argc)
		refuse("", argv[optind], "an option is wanted; see --help");
}
