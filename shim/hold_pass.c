/* SPDX-License-Identifier: MIT */
/* hold_pass.c - a hold goes to another process. */
#include "config.h"

#include <errno.h>

#include "shim/hold_table.h"

static bool give(struct shim_hold *hold, int socket, unsigned limit)
{
	unsigned count = atomic_load(&hold->count);

	do
		if (count == 0 || count > limit)
			return false;
	while (!atomic_compare_exchange_weak(&hold->count, &count, 0));
	/* Before another process may let it go. */
	lost_watch_end(&hold->watch);
	if (pl_lock_give(&hold->lock, socket) == 0) {
		atomic_store(&hold->everybodys, false);
		return true;
	}
	lost_watch_begin(&hold->watch, &hold->lock, hold->rule);
	atomic_fetch_add(&hold->count, count);
	return false;
}

bool hold_give(struct shim_hold *hold, int socket, unsigned limit)
{
	bool given;

	/* As in hold_drop(). */
	atomic_fetch_add(&hold->drops, 1);
	given = give(hold, socket, limit);
	atomic_fetch_sub(&hold->drops, 1);
	return given;
}

bool hold_adopt(struct shim_hold *hold, int socket)
{
	int saved_errno = errno;
	bool adopted = pl_lock_adopt(&hold->lock, socket) == 0;

	errno = saved_errno;
	/* The open file is locked in any case. */
	if (adopted)
		lost_watch_begin(&hold->watch, &hold->lock, hold->rule);
	return adopted;
}

void hold_join(struct shim_hold *hold)
{
	atomic_fetch_add(&hold->count, 1);
}
