/* SPDX-License-Identifier: MIT */
/* progress.c - what is being measured, for whoever waits at a terminal. */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "bench/progress.h"

static const struct options *options;
static const struct setting *last;
static int round_now;
static bool terminal;

void progress_begin(const struct options *options_of_run)
{
	options = options_of_run;
	terminal = isatty(STDERR_FILENO);
}

void progress_round(int round)
{
	round_now = round;
	last = NULL;
}

static void say_once(const struct measurement *measurement)
{
	if (round_now > 0 || measurement->setting == last)
		return;
	last = measurement->setting;
	fprintf(stderr, "portlock-bench: %s %s\n", measurement->scenario->name,
		last->label);
}

void progress_at(const struct measurement *measurement)
{
	if (options->quiet)
		return;
	if (!terminal) {
		say_once(measurement);
		return;
	}
	fprintf(stderr, "\r\033[K%s %s, round %d of %d: %s",
		measurement->scenario->name, measurement->setting->label,
		round_now + 1, options->rounds, measurement->subject);
}

void progress_end(void)
{
	if (terminal && !options->quiet)
		fputs("\r\033[K", stderr);
}
