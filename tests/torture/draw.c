/* SPDX-License-Identifier: MIT */
/* draw.c - random decisions that a seed repeats. */
#include "config.h"

#include "tests/torture/torture.h"

/* splitmix64: each state is as good as any other. */
uint64_t draw_next(struct draw *draw)
{
	uint64_t mixed = draw->state += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

struct draw draw_begin(int64_t seed, int slot, int round, int thread)
{
	const int parts[] = { slot, round, thread };
	struct draw draw = { (uint64_t)seed };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		draw.state = draw_next(&draw) ^ (uint64_t)parts[i];
	return draw;
}

int draw_below(struct draw *draw, int limit)
{
	return (int)(draw_next(draw) % (uint64_t)limit);
}

bool draw_one_in(struct draw *draw, int count)
{
	return draw_below(draw, count) == 0;
}
