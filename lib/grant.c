/* SPDX-License-Identifier: MIT */
/* grant.c - the message that carries the lock from its holder to a waiter.
 *
 * A few bytes of data with the bundle's descriptors attached (SCM_RIGHTS).
 * What a descriptor is, the receiver finds out from the descriptor itself.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "internal.h"

/* The most that a message can carry (SCM_MAX_FD of the kernel): if some are
 * missing after all, our limit on descriptors cut them off. */
#define FDS_MAX 253

struct grant {
	char magic[8];
	uint64_t token; /* of the holder that let go */
};

static const char magic[8] = { 'p', 'l', 'g', 'r', 'a', 'n', 't', '1' };

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

int pl_grant_send(int connection, const struct pl_bundle *bundle,
		  uint64_t token)
{
	int fds[PL_BUNDLE_MAX];
	size_t size = (size_t)pl_bundle_list(bundle, fds) * sizeof(int);
	struct grant grant = { .token = token };
	struct iovec data = { &grant, sizeof(grant) };
	union control control;
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = CMSG_SPACE(size) };
	struct cmsghdr *header;
	ssize_t sent;

	memset(&control, 0, CMSG_SPACE(size));
	memcpy(grant.magic, magic, sizeof(magic));
	header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(header), fds, size);
	sent = pl_ops->sendmsg(connection, &message,
			       MSG_NOSIGNAL | MSG_DONTWAIT);
	return sent < 0 ? -errno : 0;
}

/* The descriptors that came with the message. */
static int received_fds(struct msghdr *message, int fds[FDS_MAX])
{
	int count = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		size_t size;

		if (header->cmsg_level != SOL_SOCKET ||
		    header->cmsg_type != SCM_RIGHTS)
			continue;
		size = header->cmsg_len - CMSG_LEN(0);
		memcpy(fds, CMSG_DATA(header), size);
		count = (int)(size / sizeof(int));
	}
	return count;
}

static int accept_grant(struct pl_attempt *attempt,
			const struct pl_address *address,
			const struct grant *grant, struct msghdr *message,
			ssize_t size)
{
	int fds[FDS_MAX];
	int count = received_fds(message, fds);
	/* After the largest number there is no token for us. */
	bool whole = size == sizeof(*grant) &&
		     memcmp(grant->magic, magic, sizeof(magic)) == 0 &&
		     grant->token < UINT64_MAX;

	bool cut = message->msg_flags & MSG_CTRUNC;

	/* All go back: with the last copy of the gate gone, the other waiters
	 * race for the name. */
	if (cut || !attempt->trusted || !whole) {
		for (int i = 0; i < count; i++)
			pl_ops->close(fds[i]);
		return cut && attempt->trusted ? -EMFILE : -ECONNRESET;
	}
	if (!pl_bundle_adopt(&attempt->bundle, fds, count, address))
		return -ECONNRESET;
	attempt->last_token = grant->token;
	return 0;
}

int pl_grant_receive(struct pl_attempt *attempt,
		     const struct pl_address *address)
{
	struct grant grant;
	struct iovec data = { &grant, sizeof(grant) };
	union control control;
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control) };
	ssize_t size;
	int error;

	/* In a window: no fork between the arrival of the descriptors and
	 * their entry in the attempt. */
	pl_window_open();
	size = pl_ops->recvmsg(attempt->socket, &message,
			       MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (size < 0)
		error = errno == EAGAIN ? -EAGAIN : -ECONNRESET;
	else
		error = accept_grant(attempt, address, &grant, &message, size);
	pl_window_close();
	return error;
}
