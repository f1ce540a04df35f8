/* SPDX-License-Identifier: MIT */
/* step.c - what a thread does next: drawn as a whole, before any of it. */
#include "config.h"

#include <stdio.h>

#include "tests/torture/torture.h"

/* Most waits are patient: a queue is what is to be tortured. */
static enum way draw_way(struct draw *draw)
{
	static const enum way ways[] = { WAIT,		WAIT, WAIT,
					 WAIT,		WAIT, TIMED,
					 INTERRUPTIBLE, TRY,  TIMED,
					 DEFAULT_WAIT };

	return ways[draw_below(draw, sizeof(ways) / sizeof(ways[0]))];
}

/* Mostly short; 1 ms is where a release begins to look whether waiters are
 * stopped. */
static void draw_work(struct draw *draw, struct step *step)
{
	int kind = draw_below(draw, 64);
	int us = draw_below(draw, 100);

	step->work = kind < 40 ? NO_WORK : kind < 52 ? YIELD : SPIN;
	if (kind >= 62)
		step->work = NAP;
	step->work_us = step->work == NAP ? us * 20 : us;
}

static enum parting draw_parting(struct draw *draw)
{
	int kind = draw_below(draw, 2000);

	if (kind < 2)
		return CRASH;
	if (kind < 5)
		return EXEC;
	if (kind < 40)
		return BY_HANDLER;
	return kind < 140 ? CLOSE : RELEASE;
}

static enum offspring draw_offspring(struct draw *draw)
{
	if (draw_below(draw, 60))
		return NO_CHILD;
	return (enum offspring)(1 + draw_below(draw, OFFSPRINGS - 1));
}

struct step step_draw(struct draw *draw, const struct plan *plan)
{
	struct step step = { .inner = -1, .spare = -1 };

	step.key = draw_below(draw, plan->keys);
	step.tcp = step.key == 0 || draw_one_in(draw, 2);
	if (step.key == 1)
		step.tcp = false;
	step.own = draw_one_in(draw, 3);
	step.again = draw_one_in(draw, 50);
	step.way = draw_way(draw);
	step.timeout_ms = draw_below(draw, 8);
	draw_work(draw, &step);
	step.parting = draw_parting(draw);
	step.offspring = draw_offspring(draw);
	step.child_first = draw_one_in(draw, 2);
	step.delay_us = draw_below(draw, 1000);
	step.child_seed = draw_next(draw);
	if (draw_one_in(draw, 20) && plan->keys > 1)
		step.inner = (step.key + 1 + draw_below(draw, plan->keys - 1)) %
			     plan->keys;
	if (draw_one_in(draw, 20))
		step.spare = draw_below(draw, 5);
	step.plant = draw_one_in(draw, 50);
	return step;
}

void steps_show(const struct plan *plan, int slot)
{
	for (int thread = 0; thread < SEATS; thread++) {
		struct draw draw = draw_begin(plan->seed, slot, 0, thread);

		for (int i = 0; i < 20; i++) {
			struct step step = step_draw(&draw, plan);

			printf("%d.%d key %d, inner %d, %s, handle %d, way %d, "
			       "%d ms, work %d, %d us, parting %d, child %d, "
			       "spare %d\n",
			       slot, thread, step.key, step.inner,
			       step.tcp ? "tcp" : "unix", step.own, step.way,
			       step.timeout_ms, step.work, step.work_us,
			       step.parting, step.offspring, step.spare);
		}
	}
}
