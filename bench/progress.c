/* SPDX-License-Identifier: MIT */
/* progress.c - what is being measured, for whoever waits at a terminal. */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "bench/progress.h"

static const struct options *options;
static int round_now;
static bool terminal, shown; /* there is a line to clear */
static bool told;	     /* of this round */

void progress_begin(const struct options *options_of_run)
{
	options = options_of_run;
	terminal = isatty(STDERR_FILENO);
}

void progress_round(int round)
{
	round_now = round;
	told = false;
}

/* A round is told of when there is something in it to measure. */
static void tell_round(const struct scenario *scenario)
{
	if (!told)
		fprintf(stderr, "portlock-bench: %s, round %d of %d\n",
			scenario->name, round_now + 1, options->rounds);
	told = true;
}

void progress_at(const struct measurement *measurement)
{
	if (options->quiet)
		return;
	if (!terminal) {
		tell_round(measurement->scenario);
		return;
	}
	shown = true;
	fprintf(stderr, "\r\033[K%s %s, round %d of %d: %s",
		measurement->scenario->name, measurement->setting->label,
		round_now + 1, options->rounds, measurement->subject);
}

void progress_end(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
