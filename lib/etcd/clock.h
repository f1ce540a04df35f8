/* SPDX-License-Identifier: MIT */
/* clock.h - the time that leases are judged by, and the timer that shows it.
 *
 * CLOCK_BOOTTIME goes on while the machine sleeps, as the cluster's time does.
 */
#ifndef PORTLOCK_ETCD_CLOCK_H
#define PORTLOCK_ETCD_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define MSEC INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define NEVER INT64_MAX

/* Nanoseconds of CLOCK_BOOTTIME. */
int64_t now_ns(void);

/* Lets SESSION_TIMER expire at that time. */
void timer_arm(int64_t deadline);

/* The same, later than it was armed for; false: it had expired already, and
 * has so again. */
bool timer_push(int64_t deadline);

/* It is armed, and has not expired. */
bool timer_runs(void);

void timer_expire(void);
void timer_disarm(void);

#endif
