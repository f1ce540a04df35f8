/* SPDX-License-Identifier: MIT */
/* director.c - strikes at random moments, watches for waits without end, and
 * looks at what is left.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/torture/torture.h"

#define TICK (2 * MSEC)
#define STOP_MAX (20 * 1000) /* us */

enum strike { KILL, STOP, SIGNAL, STRIKES };

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static void prepare_signals(void)
{
	struct sigaction action = { .sa_handler = interrupt };
	sigset_t set;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* Actors have a handler when they unblock it. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void strike(struct cast *cast, enum strike kind, struct draw *draw)
{
	int slot = draw_below(draw, cast->count);
	int64_t us = draw_below(draw, STOP_MAX);

	if (kind == KILL)
		slot_kill(cast, slot);
	else if (kind == STOP)
		slot_stop(cast, slot, now_ns() + us * 1000);
	else
		slot_signal(cast, slot);
}

/* Each kind as often as the plan says, on average. */
static void strike_when_due(struct cast *cast, struct draw *draw,
			    int64_t next[STRIKES])
{
	const struct plan *plan = &arena->plan;
	const int rates[] = { plan->kills, plan->stops, plan->signals };
	int64_t now = now_ns();

	for (int kind = 0; kind < STRIKES; kind++)
		while (rates[kind] > 0 && now >= next[kind]) {
			strike(cast, (enum strike)kind, draw);
			next[kind] += draw_below(draw, 1000) * 2 * SEC / 1000 /
				      rates[kind];
		}
}

/* A wait that is longer than any can be: the lock is lost. */
static void watch_seat(const struct cast *cast, int slot, struct seat *seat)
{
	int64_t due = atomic_load(&seat->due);
	const struct ground *ground;
	int key;

	if (due == 0 || now_ns() < due)
		return;
	atomic_store(&seat->due, 0);
	key = atomic_load(&seat->key);
	ground = &arena->grounds[key];
	violation(OUTCOMES,
		  "process %d has waited %lld s too long for key %d (%s); "
		  "inside are %d and %d",
		  (int)cast->slots[slot].pid, (long long)arena->plan.patience,
		  key, ground->key, atomic_load(&ground->inside[GATE]),
		  atomic_load(&ground->inside[PORTS]));
}

static void watch(struct cast *cast)
{
	for (int i = 0; i < cast->count; i++) {
		struct slot *slot = &cast->slots[i];

		if (slot->resume && now_ns() >= slot->resume)
			slot_resume(cast, i);
		for (int j = 0; j < SEATS && !slot->resume; j++)
			watch_seat(cast, i, &arena->seats[i][j]);
	}
}

static bool is_over(const struct cast *cast)
{
	const struct plan *plan = &arena->plan;

	return interrupted || atomic_load(&arena->over) ||
	       now_ns() - cast->begun >= plan->seconds * SEC ||
	       (plan->grants && report_sum(GRANTED) >= (uint64_t)plan->grants);
}

static void keep_going(struct cast *cast)
{
	struct draw draw = draw_begin(arena->plan.seed, -1, 0, 0);
	int64_t next[STRIKES] = { cast->begun, cast->begun, cast->begun };

	while (!is_over(cast)) {
		for (int i = 0; i < cast->count; i++)
			if (!cast->slots[i].pid)
				slot_fill(cast, i);
		strike_when_due(cast, &draw, next);
		watch(cast);
		report_progress(cast);
		sleep_ns(TICK);
		slots_reap(cast);
	}
}

/* Everybody ends what it is doing. */
static void wind_up(struct cast *cast)
{
	int64_t end = now_ns() + 2 * arena->plan.patience * SEC;

	atomic_store(&arena->over, 1);
	for (int i = 0; i < cast->count; i++)
		slot_resume(cast, i);
	while (slots_reap(cast) && now_ns() < end) {
		watch(cast);
		sleep_ns(TICK);
	}
	keys_check(); /* also while somebody is left */
	slots_clear(cast);
}

static void check_children_seat(void)
{
	struct seat *seat = &arena->children;
	uint64_t open = atomic_load(&seat->begun);

	for (int i = 0; i < OUTCOMES_KINDS; i++)
		open -= atomic_load(&seat->ended[i]);
	atomic_fetch_add(&seat->ended[DIED], open);
	if (open > atomic_load(&arena->events[CHILD_KILLS]))
		violation(OUTCOMES, "%llu acquires of children have no outcome",
			  (unsigned long long)open);
}

/* Each grant, but for those whose thread was killed before it wrote it. */
static void check_history(struct cast *cast)
{
	uint64_t grants = report_sum(GRANTED);
	uint64_t lost = SEATS * cast->kills + SEATS * cast->crashes +
			atomic_load(&arena->events[CHILD_KILLS]);

	cast->recorded = history_check();
	if (grants > cast->recorded + lost)
		violation(OUTCOMES, "the history has %llu of %llu grants",
			  (unsigned long long)cast->recorded,
			  (unsigned long long)grants);
}

static void check_all(struct cast *cast)
{
	check_children_seat();
	keys_free();
	if (count_fds() != cast->fds)
		violation(DESCRIPTORS,
			  "the director has %d descriptors, not %d",
			  count_fds(), cast->fds);
	if (cast->crashes > atomic_load(&arena->events[CRASHES]))
		violation(ENDS, "somebody else kills our processes");
	check_history(cast);
}

void direct(struct cast *cast)
{
	prepare_signals();
	arena->director = getpid();
	cast->count =
		arena->plan.processes + arena->plan.strangers * STRANGER_KINDS;
	cast->fds = count_fds();
	keys_make();
	slots_plant();
	cast->begun = now_ns();
	keep_going(cast);
	cast->ended = now_ns();
	cast->interrupted = interrupted;
	wind_up(cast);
	check_all(cast);
}
