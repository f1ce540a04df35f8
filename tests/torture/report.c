/* SPDX-License-Identifier: MIT */
/* report.c - progress on a terminal, and the results. */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/torture/torture.h"

#define STEP (200 * MSEC)

typedef unsigned long long number; /* for printf() */

static const char *const checks[CHECKS] = {
	[EXCLUSION] = "at most one is inside",
	[TOKENS] = "tokens grow with every grant",
	[OUTCOMES] = "every acquire has an outcome, none hangs",
	[CHILDREN] = "children hold nothing by their birth",
	[ENDS] = "processes end by themselves or by our kill",
	[DESCRIPTORS] = "no descriptor is left",
	[NAMES] = "all names are free",
	[PROCESSES] = "no process is left",
};

static void for_all_seats(void (*see)(const struct seat *seat, int what,
				      uint64_t *value),
			  int what, uint64_t *value)
{
	for (int i = 0; i < SLOTS_MAX; i++)
		for (int j = 0; j < SEATS; j++)
			see(&arena->seats[i][j], what, value);
	see(&arena->children, what, value);
}

static void add_ended(const struct seat *seat, int outcome, uint64_t *sum)
{
	*sum += atomic_load(&seat->ended[outcome]);
}

static void add_begun(const struct seat *seat, int what, uint64_t *sum)
{
	(void)what;
	*sum += atomic_load(&seat->begun);
}

static void add_handed(const struct seat *seat, int what, uint64_t *sum)
{
	(void)what;
	*sum += atomic_load(&seat->handed);
}

static void find_longest(const struct seat *seat, int what, uint64_t *longest)
{
	uint64_t here = (uint64_t)atomic_load(&seat->longest);

	(void)what;
	if (here > *longest)
		*longest = here;
}

uint64_t report_sum(enum outcome outcome)
{
	uint64_t sum = 0;

	for_all_seats(add_ended, outcome, &sum);
	return sum;
}

void report_progress(const struct cast *cast)
{
	static int64_t next;
	int64_t now = now_ns();

	if (now < next || !isatty(STDERR_FILENO))
		return;
	next = now + STEP;
	fprintf(stderr, "\r%lld of %lld s, %llu grants, %llu kills ",
		(long long)((now - cast->begun) / SEC),
		(long long)arena->plan.seconds, (number)report_sum(GRANTED),
		(number)cast->kills);
}

/* Those of its children are in another seat. */
static uint64_t foreign_grants(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < arena->plan.processes; i++)
		for (int j = 0; is_foreign(i) && j < SEATS; j++)
			add_ended(&arena->seats[i][j], GRANTED, &sum);
	return sum;
}

static void print_acquires(const struct cast *cast)
{
	uint64_t begun = 0, handed = 0, longest = 0;

	for_all_seats(add_begun, 0, &begun);
	for_all_seats(add_handed, 0, &handed);
	for_all_seats(find_longest, 0, &longest);
	printf("acquires   %llu\n", (number)begun);
	printf("  grants   %llu, of them %llu hand-overs, %llu recorded\n",
	       (number)report_sum(GRANTED), (number)handed,
	       (number)cast->recorded);
	printf("  timeouts %llu, busy %llu, interrupted %llu, no descriptor "
	       "%llu,\n",
	       (number)report_sum(TIMED_OUT), (number)report_sum(BUSY),
	       (number)report_sum(INTERRUPTED),
	       (number)report_sum(NO_DESCRIPTOR));
	printf("  refused  %llu (held already), killed while waiting %llu\n",
	       (number)report_sum(REFUSED), (number)report_sum(DIED));
	if (geteuid() == 0)
		printf("  another user's processes had %llu grants\n",
		       (number)foreign_grants());
	else
		printf("  of one user alone: others take part as root\n");
	printf("longest    %.1f ms of wait for a grant\n",
	       (double)longest / (double)MSEC);
}

static void print_strikes(const struct cast *cast)
{
	const _Atomic uint64_t *events = arena->events;

	printf("kills      %llu (%llu who waited, %llu inside), %llu crashes "
	       "inside,\n           %llu children killed\n",
	       (number)cast->kills, (number)cast->killed_waiting,
	       (number)cast->killed_inside, (number)cast->crashes,
	       (number)atomic_load(&events[CHILD_KILLS]));
	printf("stops      %llu, signals %llu\n", (number)cast->stops,
	       (number)cast->signals);
	printf("children   %llu forked, %llu spawned; %llu execs of holders\n",
	       (number)atomic_load(&events[FORKS]),
	       (number)atomic_load(&events[SPAWNS]),
	       (number)atomic_load(&events[EXECS]));
	printf("strangers  %llu times inside, ports squatted %llu times; "
	       "%llu steps with\n           few descriptors\n",
	       (number)atomic_load(&events[STRANGERS_INSIDE]),
	       (number)atomic_load(&events[SQUATS]),
	       (number)atomic_load(&events[STARVED]));
}

/* The last lines are those of automake. */
int report(const struct cast *cast)
{
	int failed = 0;

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\n");
	printf("ran        %.1f s%s\n",
	       (double)(cast->ended - cast->begun) / (double)SEC,
	       cast->interrupted ? ", then it was interrupted" : "");
	print_acquires(cast);
	print_strikes(cast);
	for (int i = 0; i < CHECKS; i++) {
		number count = atomic_load(&arena->violations[i]);

		failed += count > 0;
		printf("%s: %s", count ? "FAIL" : "PASS", checks[i]);
		if (count)
			printf(" (%llu violations)", count);
		printf("\n");
	}
	printf("# TOTAL: %d\n# PASS:  %d\n# SKIP:  0\n# FAIL:  %d\n", CHECKS,
	       CHECKS - failed, failed);
	return failed > 0;
}
