/* SPDX-License-Identifier: MIT */
/* cast.c - orders to the processes of a scene, and what comes of them. */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <string.h>

#include "cast.h"

#define HANG_MS 60000
#define NO_ANSWER INT32_MIN
#define STEP_NS INT64_C(50000)

void check(struct cast *cast, bool condition, const char *verdict)
{
	if (!condition && !cast->verdict)
		cast->verdict = verdict;
}

void cast_begin(struct cast *cast)
{
	cast->stage = shared_memory(sizeof(*cast->stage));
	cast->hang_ms = is_slow() ? 300000 : HANG_MS;
	key_make(&cast->key);
}

void cast_end(struct cast *cast)
{
	children_kill();
	key_free(&cast->key);
}

void tell(struct cast *cast, struct child *child, enum order order,
	  int64_t number)
{
	if (cast->verdict)
		return;
	say(child, order);
	say(child, number);
}

int answer(struct cast *cast, struct child *child)
{
	struct pollfd fd = { .fd = child->in, .events = POLLIN };
	int64_t number;

	if (cast->verdict)
		return NO_ANSWER;
	check(cast, poll(&fd, 1, (int)cast->hang_ms) == 1, "a process hangs");
	if (cast->verdict)
		return NO_ANSWER;
	if (hear_or_end(child, &number))
		return (int)number;
	check(cast, false, "a process has ended itself");
	return NO_ANSWER;
}

int order(struct cast *cast, struct child *child, enum order order,
	  int64_t number)
{
	tell(cast, child, order, number);
	return answer(cast, child);
}

void await(struct cast *cast, bool (*holds)(struct cast *cast),
	   const char *verdict)
{
	int64_t end = now_ns() + cast->hang_ms * 1000000;

	while (!cast->verdict && !holds(cast)) {
		check(cast, now_ns() < end, verdict);
		sleep_ns(STEP_NS);
	}
}

void await_queue(struct cast *cast, int length)
{
	int64_t end = now_ns() + cast->hang_ms * 1000000;

	while (!cast->verdict && gate_queue(cast->key.text) < length &&
	       !has_said(cast->actor)) {
		check(cast, now_ns() < end, "a process does not queue up");
		sleep_ns(STEP_NS);
	}
}
