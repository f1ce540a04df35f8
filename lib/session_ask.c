/* SPDX-License-Identifier: MIT */
/* session_ask.c - what the helper is asked, and what it answers. */
#include "config.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "session.h"

int pl_session_ask(int session, enum session_request_kind kind, uint64_t number)
{
	struct session_request request = { .kind = kind, .number = number };
	struct iovec data = { &request, sizeof(request) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	ssize_t sent =
		pl_ops->sendmsg(session, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

	return sent == sizeof(request) ? 0 : -EPIPE;
}

int pl_session_hear(int session, struct session_answer *answer, int flags)
{
	struct iovec data = { answer, sizeof(*answer) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	ssize_t size = pl_ops->recvmsg(session, &message, MSG_DONTWAIT | flags);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (size != sizeof(*answer) || message.msg_flags & MSG_TRUNC)
		return -EPIPE;
	answer->text[sizeof(answer->text) - 1] = '\0';
	return 0;
}

bool pl_session_has_read(int session)
{
	int unread = 0;

	return ioctl(session, SIOCOUTQ, &unread) < 0 || unread == 0;
}

void pl_session_end_turn(struct pl_bundle *bundle)
{
	if (pl_session_ask(bundle->session, SESSION_RELEASE, 0) < 0 ||
	    pl_note_forget(bundle->session) < 0)
		pl_bundle_close_session(bundle);
}

/* What is told of the lock's loss; NULL: nothing. */
static const char *reason_of(int session, int timer,
			     struct session_answer *answer)
{
	int error = pl_session_hear(session, answer, MSG_PEEK);

	if (error == 0)
		return answer->kind == SESSION_LOST ? answer->text : NULL;
	if (error == -EPIPE && !pl_timer_runs(timer))
		return "portlock-session was killed or has ended";
	return NULL;
}

bool pl_session_reason(const struct portlock_lock *lock,
		       char text[PL_DETAIL_SIZE])
{
	struct session_answer answer;
	const char *reason;
	uint64_t token;
	int session;
	bool told;

	/* Left where it is: others may ask as well.  No fork in between; but as
	 * in pl_is_sure() the number may be another descriptor's by now. */
	pl_window_open();
	do {
		token = atomic_load(&lock->token);
		session = atomic_load(&lock->session);
		reason = session < 0
				 ? NULL
				 : reason_of(session, atomic_load(&lock->timer),
					     &answer);
	} while (token != atomic_load(&lock->token));
	told = reason && pl_is_held(lock);
	pl_window_close();
	if (told)
		snprintf(text, PL_DETAIL_SIZE, "%s", reason);
	return told;
}
