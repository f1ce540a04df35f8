/* SPDX-License-Identifier: MIT */
/* group.c - ends a process group, whose leader need not be a child of ours. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "lib/cli/supervise.h"
#include "lib/internal.h"

#define PAUSE_MS 10

/* Who is stopped meets the first signal as soon as it goes on. */
void group_tell_to_end(pid_t group)
{
	killpg(group, SIGTERM);
	killpg(group, SIGCONT);
}

/*
 * Looks so often that the number cannot have become another group's in between.
 * A leader that nobody has waited for counts as being there.
 */
static bool is_gone_in(pid_t group, int ms)
{
	int64_t end = pl_now(CLOCK_BOOTTIME) + ms * PL_MSEC;

	while (killpg(group, 0) == 0 || errno != ESRCH) {
		if (pl_now(CLOCK_BOOTTIME) >= end)
			return false;
		poll(NULL, 0, PAUSE_MS);
	}
	return true;
}

void group_make_end(pid_t group, int grace_ms)
{
	if (is_gone_in(group, grace_ms))
		return;
	killpg(group, SIGKILL);
	is_gone_in(group, grace_ms);
}
