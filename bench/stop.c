/* SPDX-License-Identifier: MIT */
/* stop.c - an end before the end: nothing of the run stays behind. */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/stop.h"
#include "bench/worker.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t came; /* a signal's number */
static bool is_worker;
static void (*clean_up)(void);

static void note(int number)
{
	came = number;
}

static void clean(void)
{
	workers_kill();
	clean_up();
}

void stop_watch(void (*clean_of_run)(void))
{
	struct sigaction action = { .sa_handler = note };

	clean_up = clean_of_run;
	atexit(clean);
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
