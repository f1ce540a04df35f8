/* SPDX-License-Identifier: MIT */
/* fill.h - what the tables and the processes tell of one lock. */
#ifndef PORTLOCK_LOOK_FILL_H
#define PORTLOCK_LOOK_FILL_H

#include "look.h"
#include "owners.h"
#include "table.h"

/* 0 or -errno; in both cases with something to drop. */
int look_fill(struct look_lock *lock, const struct table_gate *gate,
	      const struct table *table, const struct owners *owners);
void look_drop(struct look_lock *lock);

#endif
