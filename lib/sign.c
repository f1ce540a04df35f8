/* SPDX-License-Identifier: MIT */
/* sign.c - what a holder writes on its gate, for those who look who has it.
 *
 * /proc tells which processes have a socket, but not since when.  So the token
 * of the grant, which is a time, goes where the kernel keeps it with the socket
 * for all who may look to see: its time of modification.  The time of access
 * says in its nanoseconds whose grant it is, as others may have copies of the
 * descriptors, and in its seconds what there is with the gate.
 *
 * The kernel gives a new socket the times of one that was closed (Linux 6.18,
 * and all before it): what stands there may be another lock's.  So the seconds
 * have the socket's own number as well.
 */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "internal.h"

#define NS_PER_S UINT64_C(1000000000)

/* The seconds: as much of the inode's number as 31 bits have room for, and the
 * ports, counted from 1, or 0 if there is a session. */
#define REST_BITS 2
#define SECONDS(inode, rest)                                                   \
	((int64_t)(((inode) << REST_BITS & 0x7fffffff) | (rest)))

void pl_sign(const struct pl_bundle *bundle, uint64_t token)
{
	struct timespec times[2] = {
		{ .tv_nsec = pl_ops->getpid() },
		{ .tv_sec = (time_t)(token / NS_PER_S),
		  .tv_nsec = (long)(token % NS_PER_S) },
	};
	uint64_t inode = pl_ops->inode(bundle->gate);
	unsigned rest = 1;

	for (int i = 0; i < PL_QUORUM; i++)
		rest += bundle->ports[i] >= 0;
	if (bundle->session >= 0)
		rest = 0;
	times[0].tv_sec = (time_t)SECONDS(inode, rest);
	if (inode != 0)
		pl_ops->futimens(bundle->gate, times);
}

/* Times are for the owner of the socket to set: who has become another user
 * since the grant still may set this. */
void pl_sign_ending(const struct portlock_lock *lock, bool ending)
{
	struct sockaddr_un name = { .sun_family = AF_UNSPEC };
	const char *gate = lock->address.name;
	socklen_t length = sizeof(name);
	int fd = lock->bundle.gate, saved_errno = errno;

	/* A thread may let it go just now: the number could be a file's by
	 * then. */
	if (fd >= 0 &&
	    pl_ops->getsockname(fd, (struct sockaddr *)&name, &length) == 0 &&
	    name.sun_family == AF_UNIX && name.sun_path[0] == '\0' &&
	    length ==
		    offsetof(struct sockaddr_un, sun_path) + 1 + strlen(gate) &&
	    memcmp(name.sun_path + 1, gate, strlen(gate)) == 0)
		pl_ops->set_status(fd, ending ? PL_ENDING : PL_GOES_ON);
	errno = saved_errno;
}

bool pl_sign_read(const struct statx *gate, struct pl_signature *read)
{
	int64_t seconds = gate->stx_atime.tv_sec;

	for (int rest = 0; rest <= 1 + PL_QUORUM; rest++) {
		if (seconds != SECONDS(gate->stx_ino, (unsigned)rest))
			continue;
		read->token = (uint64_t)gate->stx_mtime.tv_sec * NS_PER_S +
			      gate->stx_mtime.tv_nsec;
		read->ports = rest > 0 ? rest - 1 : 0;
		read->cluster = rest == 0;
		read->pid = (pid_t)gate->stx_atime.tv_nsec;
		return true;
	}
	return false;
}
