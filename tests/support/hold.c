/* SPDX-License-Identifier: MIT */
/* hold.c - a key per test, for what the shim itself holds under it. */
#include "config.h"

#include <stdio.h>

#include "hold.h"

struct key *hold_key;
struct shim_rule hold_rule;

int hold_setup(void **state)
{
	static char template[80];

	if (key_setup(state) < 0)
		return -1;
	hold_key = *state;
	snprintf(template, sizeof(template), "%s", hold_key->text);
	hold_rule = (struct shim_rule){ .family = SHIM_OPEN,
					.pattern = "*",
					.key = template,
					.timeout_ms = -1,
					.transport = "unix" };
	return 0;
}

struct shim_hold *hold_of(const char *name)
{
	struct shim_hold *hold = hold_get(&hold_rule, name);

	require(hold != NULL);
	return hold;
}

/* The connection of the last hand-over goes with the next operation. */
int hold_teardown(void **state)
{
	const struct hold_wait tries = { .never = true, .deadline = PL_NEVER };
	struct shim_hold *hold = hold_of("/z");

	if (hold_take(hold, &hold_rule, &tries) == 0)
		hold_drop(hold);
	hold_put(hold);
	return key_teardown(state);
}
