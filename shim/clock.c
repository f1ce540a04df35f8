/* SPDX-License-Identifier: MIT */
/* clock.c - the kernel's clocks for the core, the program's for the program.
 *
 * Another preload (libfaketime) may show the program other times than ours.
 * Deadlines and tokens are compared between processes, so the core asks the
 * kernel; but a deadline of the program's is one of the clock that it sees.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/shim.h"

#define NS_PER_S INT64_C(1000000000)

/* The calls below are those of the kernel that have the C library's types. */
_Static_assert(sizeof(time_t) == sizeof(long), "other system calls needed");

int shim_clock_gettime(clockid_t clock, struct timespec *now)
{
	return (int)syscall(SYS_clock_gettime, clock, now);
}

int shim_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	       const sigset_t *mask)
{
	/* The kernel writes to it what is left. */
	struct timespec left = timeout ? *timeout : (struct timespec){ 0 };

	return (int)syscall(SYS_ppoll, fds, count, timeout ? &left : NULL, mask,
			    (size_t)(_NSIG / 8));
}

int64_t shim_deadline(clockid_t clock, const struct timespec *until)
{
	struct timespec now = { 0 };
	int64_t left, deadline;

	if (!until || until->tv_sec >= PL_NEVER / NS_PER_S)
		return PL_NEVER;
	if (until->tv_sec < 0)
		return 0;
	clock_gettime(clock, &now);
	left = (until->tv_sec - now.tv_sec) * NS_PER_S + until->tv_nsec -
	       now.tv_nsec;
	if (__builtin_add_overflow(pl_now(CLOCK_MONOTONIC), left, &deadline))
		return PL_NEVER;
	return deadline;
}
