/* SPDX-License-Identifier: MIT */
/* shim.c - what the shim adds to the calls that it hooks.
 *
 * Each kind of call is made by a process of its own (calls_main.c), without the
 * shim and with it: with rules for other families only, with rules for others
 * of its kind, and with one that matches.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/calls.h"
#include "bench/fail.h"
#include "bench/scenario.h"
#include "bench/worker.h"
#include "lib/cli/shim_path.h"

#define SHORTER 10 /* than other measurements: there are many */

static const char bare[] = "bare", no_rule[] = "no rule",
		  unmatched[] = "unmatched", matched[] = "matched";
static const char *const ways[] = { bare, no_rule, unmatched, matched, NULL };

static const struct call *made; /* what has to be removed */

static const struct call *call_of(const struct measurement *measurement)
{
	return calls[measurement->setting->value];
}

static int settings(const struct options *options,
		    struct setting settings[LIST_MAX])
{
	int count = 0;

	(void)options;
	for (; calls[count]; count++) {
		settings[count].value = count;
		snprintf(settings[count].label, sizeof(settings[count].label),
			 "%s", calls[count]->name);
	}
	return count;
}

static bool suits(const struct measurement *measurement)
{
	return measurement->subject == bare || call_of(measurement)->family;
}

static const char *obstacle(void)
{
	static char why[OBSTACLE_MAX];

	return shim_obstacle(shim_path(), why) ? why : NULL;
}

/* ---- the process that makes the calls ------------------------------------ */

struct job {
	const struct measurement *measurement;
	int64_t duration;
	int output;
};

/* Two runs at once must not meet, so a lock gets a key.  A lock file needs none
 * and would be locked in another way: it has its folder for itself. */
static void match(const struct measurement *measurement)
{
	const struct call *call = call_of(measurement);
	char rule[256];

	snprintf(rule, sizeof(rule), "%s %s%s%s", call->family, call->matched,
		 call->locks ? " key=" : "",
		 call->locks ? measurement->name : "");
	setenv("PORTLOCK_RULES", rule, 1);
}

/* What is preloaded or ruled for ourselves is not for them: bare means it, and
 * the ways differ in nothing but the shim. */
static void clear_environment(void)
{
	char **to = environ;

	for (char **from = environ; *from; from++)
		if (strncmp(*from, "PORTLOCK_", strlen("PORTLOCK_")) != 0 &&
		    strncmp(*from, "LD_PRELOAD=", strlen("LD_PRELOAD=")) != 0)
			*to++ = *from;
	*to = NULL;
}

static void prepare_environment(const struct measurement *measurement)
{
	char shim[PATH_MAX];

	snprintf(shim, sizeof(shim), "%s", shim_path());
	clear_environment();
	if (measurement->subject == bare)
		return;
	setenv("LD_PRELOAD", shim, 1);
	if (measurement->subject == no_rule)
		setenv("PORTLOCK_RULES", "passwd *", 1);
	else if (measurement->subject == unmatched)
		setenv("PORTLOCK_RULES", call_of(measurement)->unmatched, 1);
	else
		match(measurement);
}

static void become_caller(void *argument)
{
	const struct job *job = argument;
	const struct measurement *measurement = job->measurement;
	const struct call *call = call_of(measurement);
	bool held = call->locks &&
		    (!call->family || measurement->subject == matched);
	char program[PATH_MAX] = "", duration[32];

	/* By its path: some tools (valgrind) are what the link leads to. */
	if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		fail("cannot tell where portlock-bench is: %s",
		     strerror(errno));
	snprintf(duration, sizeof(duration), "%lld", (long long)job->duration);
	prepare_environment(measurement);
	if (dup2(job->output, STDOUT_FILENO) >= 0)
		execl(program, program, CALLS_ARGUMENT, call->name, duration,
		      bench_folder, measurement->name, held ? "1" : "0",
		      (char *)NULL);
	fail("cannot run %s: %s", program, strerror(errno));
}

static double read_result(int output)
{
	char text[64], *end = text;
	ssize_t size = read(output, text, sizeof(text) - 1);
	double ns;

	text[size > 0 ? size : 0] = '\0';
	ns = strtod(text, &end);
	if (end == text)
		fail("a process that made calls did not tell what they took");
	return ns;
}

static double time_calls(const struct measurement *measurement)
{
	int64_t duration =
		duration_of(measurement->options, DURATION) / SHORTER;
	struct job job = { .measurement = measurement, .duration = duration };
	int ends[2];
	pid_t caller;
	double ns;

	if (pipe2(ends, O_CLOEXEC) < 0)
		fail("cannot make a pipe: %s", strerror(errno));
	job.output = ends[1];
	caller = worker_start(become_caller, &job);
	rest_until(now_ns() + duration); /* and looks, but not all the time */
	worker_end(caller);
	close(ends[1]);
	ns = read_result(ends[0]);
	close(ends[0]);
	return ns;
}

/* ---- the measurement ----------------------------------------------------- */

static void clean(void)
{
	if (made)
		made->remove();
	made = NULL;
}

/* Bare is the first in each round. */
static void compare(const struct measurement *measurement, double ns)
{
	const struct figure *figure =
		results_find(measurement->results, measurement->scenario->name,
			     measurement->setting->label, bare, "call");
	double base = figure_in_round(figure, measurement->results->round);

	record(measurement, "more", "ns", ns - base);
	record(measurement, "call/bare", "", ns / base);
}

static void measure(struct measurement *measurement)
{
	const struct call *call = call_of(measurement);
	double ns;

	if (call->make) {
		made = call;
		call->make(measurement->name);
	}
	ns = time_calls(measurement);
	clean();
	record(measurement, "call", "ns", ns);
	if (measurement->subject != bare)
		compare(measurement, ns);
}

const struct scenario scenario_shim = {
	.name = "shim",
	.what = "a call and its opposite: bare, and under the shim",
	.settings = settings,
	.subjects = ways,
	.obstacle = obstacle,
	.suits = suits,
	.measure = measure,
	.clean = clean,
};
