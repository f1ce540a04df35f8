/* SPDX-License-Identifier: MIT */
/* session.c - what is a session; where it goes when the gate is let go. */
#include "config.h"

#include <string.h>

#include "session.h"

bool pl_is_session(int fd, const struct pl_address *address)
{
	struct sockaddr_un name = { .sun_family = AF_UNSPEC };
	socklen_t length = sizeof(name);

	return pl_ops->getpeername(fd, (struct sockaddr *)&name, &length) ==
		       0 &&
	       name.sun_family == AF_UNIX && name.sun_path[0] == '\0' &&
	       strncmp(name.sun_path + 1, address->session,
		       strlen(address->session)) == 0;
}

bool pl_is_timer(int fd)
{
	struct itimerspec left;

	return pl_ops->timerfd_gettime(fd, &left) == 0;
}

bool pl_timer_runs(int timer)
{
	struct itimerspec left;

	return timer >= 0 && pl_ops->timerfd_gettime(timer, &left) == 0 &&
	       (left.it_value.tv_sec > 0 || left.it_value.tv_nsec > 0);
}

uint64_t pl_session_revision(const struct pl_bundle *bundle)
{
	return bundle->session < 0 ? 0 : pl_note_read(bundle->session).value;
}

/* Not good for another grant on this host: the others' turn. */
static bool is_spent(const struct portlock_lock *lock,
		     const struct pl_bundle *bundle, const struct pl_note *note)
{
	return note->served > 0 &&
	       (note->served >= lock->cluster->local_grants ||
		pl_note_age(note) >= lock->cluster->local_ns ||
		!pl_timer_runs(bundle->timer));
}

static void park(struct portlock_lock *lock, struct pl_bundle *bundle)
{
	pl_bundle_close_session(&lock->parked);
	lock->parked.session = bundle->session;
	lock->parked.timer = bundle->timer;
	bundle->session = bundle->timer = -1;
}

bool pl_session_unpark(struct portlock_lock *lock, struct pl_bundle *bundle)
{
	static const struct pl_bundle none = PL_BUNDLE_NONE;

	if (lock->parked.session < 0)
		return false;
	bundle->session = lock->parked.session;
	bundle->timer = lock->parked.timer;
	lock->parked = none;
	return true;
}

void pl_session_part(struct portlock_lock *lock, struct pl_bundle *bundle)
{
	struct pl_note note;
	bool stays;

	if (bundle->session < 0)
		return;
	note = pl_note_read(bundle->session);
	stays = !pl_gate_has_waiter(bundle->gate);
	if ((note.value != 0 || note.unknown) &&
	    (stays || is_spent(lock, bundle, &note)))
		pl_session_end_turn(bundle);
	if (stays && bundle->session >= 0)
		park(lock, bundle);
}

void pl_session_finish(struct portlock_lock *lock, int64_t timeout_ms)
{
	const int64_t end = pl_deadline_after(timeout_ms);
	struct pl_bundle last = PL_BUNDLE_NONE;
	struct pollfd helper = { .events = 0 }; /* its end, no answers */

	pl_window_open();
	if (pl_session_unpark(lock, &last)) {
		helper.fd = last.session;
		if (pl_ops->shutdown(last.session, SHUT_WR) == 0)
			pl_poll(&helper, 1, end);
		pl_bundle_close_session(&last);
	}
	pl_window_close();
}
