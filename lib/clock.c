/* SPDX-License-Identifier: MIT */
/* clock.c - absolute deadlines on the monotonic clock. */
#include "config.h"

#include <errno.h>

#include "internal.h"

#define NSEC_PER_SEC INT64_C(1000000000)

/* The longest wait that any time_t can say: 68 years. */
#define SECONDS_MAX INT32_MAX

int64_t pl_now(clockid_t clock)
{
	struct timespec now = { 0, 0 }; /* of a clock that is not there */

	pl_ops->clock_gettime(clock, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

int64_t pl_deadline_after(int64_t timeout_ms)
{
	int64_t now;

	if (timeout_ms < 0)
		return PL_NEVER;
	now = pl_now(CLOCK_MONOTONIC);
	if (timeout_ms > (PL_NEVER - now) / PL_MSEC)
		return PL_NEVER;
	return now + timeout_ms * PL_MSEC;
}

bool pl_expired(int64_t deadline)
{
	return deadline != PL_NEVER && pl_now(CLOCK_MONOTONIC) >= deadline;
}

int pl_poll_with(struct pollfd *fds, nfds_t count, int64_t deadline,
		 const sigset_t *mask)
{
	struct timespec left;
	struct timespec *timeout = NULL;
	int ready;

	if (deadline != PL_NEVER) {
		int64_t ns = deadline - pl_now(CLOCK_MONOTONIC);

		if (ns < 0)
			ns = 0;
		if (ns / NSEC_PER_SEC > SECONDS_MAX)
			ns = SECONDS_MAX * NSEC_PER_SEC;
		left.tv_sec = (time_t)(ns / NSEC_PER_SEC);
		left.tv_nsec = (long)(ns % NSEC_PER_SEC);
		timeout = &left;
	}
	ready = pl_ops->ppoll(fds, count, timeout, mask);
	if (ready < 0)
		return errno == EINTR ? -EINTR : pl_failure();
	return ready;
}

int pl_poll(struct pollfd *fds, nfds_t count, int64_t deadline)
{
	return pl_poll_with(fds, count, deadline, NULL);
}
