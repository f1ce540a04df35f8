/* SPDX-License-Identifier: MIT */
/* session_note.c - what a session is good for, written on its socket. */
#include "config.h"

#include "session.h"

#define NS_PER_S UINT64_C(1000000000)

/* Milliseconds in 31 bits, which is what every system has room for. */
static int64_t moment(void)
{
	return pl_now(CLOCK_BOOTTIME) / PL_MSEC & INT32_MAX;
}

struct pl_note pl_note_read(int session)
{
	struct timespec times[2] = { { 0, 0 }, { 0, 0 } };

	bool unknown = pl_ops->times(session, times) < 0;

	return (struct pl_note){
		.unknown = unknown,
		.value = (uint64_t)times[1].tv_sec * NS_PER_S +
			 (uint64_t)times[1].tv_nsec,
		.served = (unsigned)times[0].tv_nsec,
		.since = times[0].tv_sec,
	};
}

int pl_note_write(int session, const struct pl_note *note)
{
	const struct timespec times[2] = {
		{ .tv_sec = (time_t)note->since, .tv_nsec = note->served },
		{ .tv_sec = (time_t)(note->value / NS_PER_S),
		  .tv_nsec = (long)(note->value % NS_PER_S) },
	};

	return pl_ops->futimens(session, times) < 0 ? pl_failure() : 0;
}

int pl_note_forget(int session)
{
	static const struct pl_note none;

	return pl_note_write(session, &none);
}

int pl_note_grant(int session, uint64_t revision)
{
	const struct pl_note first = { .value = revision,
				       .served = 1,
				       .since = moment() };

	return pl_note_write(session, &first);
}

int64_t pl_note_age(const struct pl_note *note)
{
	return ((moment() - note->since) & INT32_MAX) * PL_MSEC;
}
