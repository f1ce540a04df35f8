/* SPDX-License-Identifier: MIT */
/* awake.c - keeps the processors out of their sleep. */
#include "config.h"

#include <sched.h>
#include <unistd.h>

#include "bench/awake.h"
#include "bench/fail.h"
#include "bench/worker.h"

static pid_t spinners[CPU_SETSIZE];
static int spinner_count;

static void spin_on(void *argument)
{
	static const struct sched_param lowest;
	const int *cpu = argument;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(*cpu, &set);
	if (sched_setscheduler(0, SCHED_IDLE, &lowest) < 0 ||
	    sched_setaffinity(0, sizeof(set), &set) < 0)
		fail("cannot keep processor %d awake", *cpu);
	for (;;)
		continue;
}

void awake_begin(void)
{
	cpu_set_t ours;

	if (sched_getaffinity(0, sizeof(ours), &ours) < 0)
		fail("cannot tell which processors are ours");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &ours))
			spinners[spinner_count++] = worker_start(spin_on, &cpu);
}

void awake_end(void)
{
	while (spinner_count > 0)
		worker_kill(spinners[--spinner_count]);
}
