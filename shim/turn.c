/* SPDX-License-Identifier: MIT */
/* turn.c - of the threads of a process, one at a time waits for a key.
 *
 * Each would have a place of its own in the key's queue; but when one of them
 * gets the lock for all, the others must not go on waiting for their process.
 */
#include "config.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/hold.h"

#define NS_PER_S INT64_C(1000000000)

enum { FREE, TAKEN, AWAITED };

static int sleep_on(struct turn *turn, int64_t deadline)
{
	struct timespec until = { (time_t)(deadline / NS_PER_S),
				  (long)(deadline % NS_PER_S) };
	bool ever = deadline != PL_NEVER;

	return syscall(SYS_futex, &turn->state, FUTEX_WAIT_BITSET_PRIVATE,
		       AWAITED, ever ? &until : NULL, NULL,
		       FUTEX_BITSET_MATCH_ANY) < 0
		       ? -errno
		       : 0;
}

int turn_take(struct turn *turn, int64_t deadline, bool interruptible)
{
	int state = FREE, error;

	if (atomic_compare_exchange_strong(&turn->state, &state, TAKEN) ||
	    atomic_exchange(&turn->state, AWAITED) == FREE)
		return 0;
	error = sleep_on(turn, deadline);
	if (error == -ETIMEDOUT ||
	    (error == -EINTR && interruptible && !shim_all_handlers_restart()))
		return error;
	return -EAGAIN;
}

void turn_give(struct turn *turn)
{
	if (atomic_exchange(&turn->state, FREE) == AWAITED)
		syscall(SYS_futex, &turn->state, FUTEX_WAKE_PRIVATE, INT32_MAX,
			NULL, NULL, 0);
}
