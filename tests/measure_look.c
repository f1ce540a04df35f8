/* SPDX-License-Identifier: MIT */
/* measure_look.c - how long it takes to see who holds 1,000 locks. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/look/look.h"
#include "support/support.h"

#define LOCKS 1000
#define LOOKS 21

static void hold(int first, int count, pid_t name)
{
	for (int i = first; i < first + count; i++) {
		char key[64];

		snprintf(key, sizeof(key), "measure-look-%d-%d", (int)name, i);
		require(portlock_try_lock(open_lock(key, "unix")) == 0);
	}
}

static void hold_all(struct child *parent, void *argument)
{
	int64_t number;

	(void)argument;
	hold(0, LOCKS, parent->pid);
	say(parent, 0);
	hear_or_end(parent, &number);
}

static void hold_one(struct child *parent, void *argument)
{
	int64_t number;

	hold(*(int *)argument, 1, parent->pid);
	say(parent, 0);
	hear_or_end(parent, &number);
}

static int by_size(const void *one, const void *other)
{
	const int64_t *a = one, *b = other;

	return (*a > *b) - (*a < *b);
}

/* A look at all locks, of which there are these at least. */
static int64_t look_once(const char *gate, int least)
{
	int64_t before = now_ns();
	struct look seen;

	require(look(&seen, gate) == 0 && seen.count >= least);
	look_free(&seen);
	return now_ns() - before;
}

static void print(const char *what, const char *gate, int least)
{
	int64_t times[LOOKS];

	for (int i = 0; i < LOOKS; i++)
		times[i] = look_once(gate, least);
	qsort(times, LOOKS, sizeof(*times), by_size);
	printf("%-38s median %6.1f ms, worst %6.1f ms\n", what,
	       (double)times[LOOKS / 2] / 1e6, (double)times[LOOKS - 1] / 1e6);
}

int main(void)
{
	struct rlimit limit;
	struct child *holder, *holders[LOCKS];

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	print("this machine as it is", NULL, 0);
	holder = child_start(hold_all, NULL);
	hear(holder);
	print("1,000 locks, one process", NULL, LOCKS);
	child_end(holder);
	for (int i = 0; i < LOCKS; i++) {
		holders[i] = child_start(hold_one, &i);
		hear(holders[i]);
	}
	print("1,000 locks, 1,000 processes", NULL, LOCKS);
	print("the same, a look at one free key", "/portlock/nobody", 0);
	for (int i = 0; i < LOCKS; i++)
		child_end(holders[i]);
	return 0;
}
