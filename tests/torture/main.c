/* SPDX-License-Identifier: MIT */
/* main.c - the torture of the lock: --help tells what it does. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/torture/torture.h"

static struct cast cast;

/* A child of a fork would report the threads of its parent that have ended and
 * are not joined yet; to other tests leaks are reported. */
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "report_thread_leaks=0";
}

static void announce(const struct plan *plan)
{
	printf("torture: --seed %lld --seconds %lld --processes %lld --threads "
	       "%lld\n         --keys %lld --strangers %lld --kills %lld "
	       "--stops %lld --signals %lld\n",
	       (long long)plan->seed, (long long)plan->seconds,
	       (long long)plan->processes, (long long)plan->threads,
	       (long long)plan->keys, (long long)plan->strangers,
	       (long long)plan->kills, (long long)plan->stops,
	       (long long)plan->signals);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct plan plan;

	/* What actor_exec() has started. */
	if (argc == 6 && strcmp(argv[1], "--actor") == 0) {
		arena_adopt();
		actor_run(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]),
			  (uint32_t)strtoul(argv[5], NULL, 10));
	}
	options_read(&plan, argc, argv);
	if (plan.shown >= 0) {
		steps_show(&plan, (int)plan.shown);
		return 0;
	}
	arena_make(&plan);
	history_make(plan.history);
	actor_prepare();
	announce(&plan);
	direct(&cast);
	return report(&cast);
}
