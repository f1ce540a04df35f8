/* SPDX-License-Identifier: MIT */
/* idle.c - to come. */
#include "config.h"

#include "bench/scenario.h"

static const char *const none[] = { NULL };

static void measure(struct measurement *measurement)
{
	(void)measurement;
}

const struct scenario scenario_idle = {
	.name = "idle",
	.what = "to come",
	.settings = settings_none,
	.subjects = none,
	.measure = measure,
};
