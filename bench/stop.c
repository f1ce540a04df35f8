/* SPDX-License-Identifier: MIT */
/* stop.c - an end before the end: nothing of the run stays behind. */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/stop.h"
#include "bench/worker.h"

/* Those that one sends, or that limits do (ulimit -t). */
static const int signals[] = { SIGINT,	SIGTERM, SIGHUP,
			       SIGQUIT, SIGPIPE, SIGXCPU };

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t came; /* a signal's number */
static bool is_worker;

#define CLEANERS_MAX 4
static void (*cleaners[CLEANERS_MAX])(void);
static int cleaner_count;

static void note(int number)
{
	came = number;
}

static void clean(void)
{
	workers_kill();
	for (int i = 0; i < cleaner_count; i++)
		cleaners[i]();
}

void stop_watch(void (*cleaner)(void))
{
	struct sigaction action = { .sa_handler = note };

	cleaners[cleaner_count++] = cleaner;
	if (cleaner_count > 1)
		return;
	atexit(clean);
	/* A file that would be too large is an error like others. */
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < SIGNALS; i++) {
		struct sigaction before;

		/* Who started us with nohup means it. */
		sigaction(signals[i], NULL, &before);
		if (before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

void stop_forget(void)
{
	is_worker = true;
	/* A terminal's Ctrl-C reaches all of us; the parent is the one to end
	 * the others, by SIGKILL. */
	for (size_t i = 0; i < SIGNALS; i++)
		signal(signals[i], SIG_IGN);
	/* One may have come since the fork: the parent has it as well. */
	came = 0;
}

void stop_check(void)
{
	int number = came;

	if (!number)
		return;
	clean();
	signal(number, SIG_DFL);
	raise(number);
	_exit(128 + number);
}

void stop_exit(int status)
{
	if (is_worker)
		_exit(status);
	exit(status);
}
