/* SPDX-License-Identifier: MIT */
/* own.c - portlock's own calls, which those of the shim compare with. */
#include "config.h"

#include <errno.h>

#include <portlock/portlock.h>

#include "bench/calls.h"
#include "bench/calls/checked.h"

static portlock_t *own;

static void open_own(const char *name)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;

	options.transport = "unix";
	errno = -portlock_open(&own, name, &options);
	checked(errno ? -1 : 0, "portlock_open");
}

static void take_own(void)
{
	errno = -portlock_acquire(own);
	checked(errno ? -1 : 0, "portlock_acquire");
}

static void give_own(void)
{
	portlock_release(own);
}

const struct call call_portlock = {
	.name = "portlock",
	.locks = true,
	.begin = open_own,
	.take = take_own,
	.give = give_own,
};
