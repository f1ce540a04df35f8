/* SPDX-License-Identifier: MIT */
/* clock.c - the time that leases are judged by, and the timer that shows it. */
#include "config.h"

#include <sys/timerfd.h>
#include <time.h>

#include "lib/etcd/clock.h"
#include "lib/etcd/protocol.h"

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

/* Sets it, and tells whether it was running. */
static bool timer_set(int64_t when)
{
	struct itimerspec new = { 0 }, old = { 0 };

	new.it_value.tv_sec = (time_t)(when / SECOND);
	new.it_value.tv_nsec = (long)(when % SECOND);
	timerfd_settime(SESSION_TIMER, TFD_TIMER_ABSTIME, &new, &old);
	return old.it_value.tv_sec != 0 || old.it_value.tv_nsec != 0;
}

void timer_arm(int64_t deadline)
{
	timer_set(deadline);
}

/* Who was stopped between a look at the clock and the call is found out here:
 * what others have seen expire must not run again. */
bool timer_push(int64_t deadline)
{
	if (timer_set(deadline))
		return true;
	timer_expire();
	return false;
}

bool timer_runs(void)
{
	struct itimerspec left = { 0 };

	timerfd_gettime(SESSION_TIMER, &left);
	return left.it_value.tv_sec != 0 || left.it_value.tv_nsec != 0;
}

void timer_expire(void)
{
	timer_set(1);
}

void timer_disarm(void)
{
	timer_set(0);
}
