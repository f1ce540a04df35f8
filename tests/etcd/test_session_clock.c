/* SPDX-License-Identifier: MIT */
/* test_session_clock.c - portlock-session judges leases by the clock that goes on
 * while the machine sleeps, as the cluster's time does.
 *
 * No test can send its machine to sleep.  But a helper in a time namespace can
 * find itself on one that has slept for days: there the clocks differ, and a
 * deadline of another one than the timer's is long past, or far ahead.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/etcd/helper.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

#define SECOND INT64_C(1000000000)
#define TTL 60
#define SLEPT "boottime 1000000 0" /* s, ns */

static bool set_offset(void)
{
	int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	bool set = fd >= 0 && write(fd, SLEPT, strlen(SLEPT)) > 0;

	if (fd >= 0)
		close(fd);
	return set;
}

/* As helper_open(), on a machine that has slept; false: there is no way. */
static bool open_after_sleep(struct helper *helper, const char *key)
{
	int awake =
		open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	bool slept = awake >= 0 && unshare(CLONE_NEWTIME) == 0;

	if (slept) {
		require(set_offset());
		helper_open(helper, etcd, key, setting(SESSION_TTL, "60"));
		require(setns(awake, CLONE_NEWTIME) == 0);
	}
	if (awake >= 0)
		close(awake);
	return slept;
}

static void a_machine_that_slept_holds_for_the_lease(void **state)
{
	const struct key *key = *state;
	struct helper helper;

	if (!open_after_sleep(&helper, key->text)) {
		print_message("skipped: it needs a time namespace (Linux 5.6), "
			      "and root to make one: %s\n",
			      strerror(errno));
		skip();
	}
	helper_take(&helper);
	assert_in_range(helper_left(&helper), TTL / 2 * SECOND,
			(TTL - SESSION_MARGIN(TTL) / 1000) * SECOND);
	helper_is_silent(&helper);
	helper_end(&helper);
}

int main(void)
{
	const struct etcd_plan plan = { 0 };
	const struct CMUnitTest tests[] = {
		with_key(a_machine_that_slept_holds_for_the_lease),
	};

	return helper_tests(&plan, tests);
}
