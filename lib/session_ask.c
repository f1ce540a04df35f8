/* SPDX-License-Identifier: MIT */
/* session_ask.c - what the helper is asked, and what it answers. */
#include "config.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
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

bool pl_session_reason(const struct portlock_lock *lock,
		       char text[PL_DETAIL_SIZE])
{
	struct session_answer answer;
	bool told = false;

	/* Left where it is: others may ask as well.  No fork in between, and a
	 * number that is another descriptor's by now would be read as well. */
	pl_window_open();
	if (pl_is_held(lock) && lock->bundle.session >= 0 &&
	    pl_session_hear(lock->bundle.session, &answer, MSG_PEEK) == 0 &&
	    answer.kind == SESSION_LOST)
		told = true;
	pl_window_close();
	if (told)
		memcpy(text, answer.text, sizeof(answer.text));
	return told;
}
