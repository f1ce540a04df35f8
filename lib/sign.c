/* SPDX-License-Identifier: MIT */
/* sign.c - what a holder writes on its gate, for those who look who has it.
 *
 * /proc tells which processes have a socket, but not since when.  So the token
 * of the grant, which is a time, goes where the kernel keeps it with the socket
 * for all who may look to see: its time of modification.  The time of access
 * says how many ports there are with it, in its seconds, and in its nanoseconds
 * whose grant it is, as others may have copies of the descriptors.
 */
#include "config.h"

#include "internal.h"

#define NS_PER_S UINT64_C(1000000000)

/* The time of access of a gate with no ports, in seconds; else it is 0. */
#define SIGNED 1

void pl_sign(const struct pl_bundle *bundle, uint64_t token)
{
	struct timespec times[2] = {
		{ .tv_sec = SIGNED, .tv_nsec = pl_ops->getpid() },
		{ .tv_sec = (time_t)(token / NS_PER_S),
		  .tv_nsec = (long)(token % NS_PER_S) },
	};

	for (int i = 0; i < PL_QUORUM; i++)
		times[0].tv_sec += bundle->ports[i] >= 0;
	pl_ops->futimens(bundle->gate, times);
}

bool pl_sign_read(const struct statx *gate, struct pl_signature *read)
{
	if (gate->stx_atime.tv_sec < SIGNED)
		return false;
	read->token = (uint64_t)gate->stx_mtime.tv_sec * NS_PER_S +
		      gate->stx_mtime.tv_nsec;
	read->ports = (int)gate->stx_atime.tv_sec - SIGNED;
	read->pid = (pid_t)gate->stx_atime.tv_nsec;
	return true;
}
