/* SPDX-License-Identifier: MIT */
/* impostor.c - plain sockets that pretend to be the holder of a lock. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "impostor.h"
#include "support.h"

#define FDS_MAX 32

int impostor_gate(const char *key)
{
	int gate = bind_gate(key);

	require(gate >= 0 && listen(gate, 100) == 0);
	/* As the library's: who is granted it accepts without blocking. */
	require(fcntl(gate, F_SETFL, O_NONBLOCK) == 0);
	return gate;
}

int impostor_accept(int gate)
{
	struct pollfd queue = { .fd = gate, .events = POLLIN };
	int connection;

	require(poll(&queue, 1, -1) == 1);
	connection = accept4(gate, NULL, NULL, SOCK_CLOEXEC);
	require(connection >= 0);
	return connection;
}

bool impostor_send(int connection, const void *data, size_t size,
		   const int *fds, size_t count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec bytes = { (void *)data, size };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
	ssize_t sent;

	memset(&control, 0, sizeof(control));
	if (count > 0) {
		struct cmsghdr *header = &control.align;

		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, count * sizeof(int));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	sent = sendmsg(connection, &message, MSG_NOSIGNAL);
	if (sent < 0 && (errno == EPIPE || errno == EPERM))
		return false;
	require(sent == (ssize_t)size);
	require(shutdown(connection, SHUT_WR) == 0);
	return true;
}

void become_user(uid_t uid)
{
	require(setgroups(0, NULL) == 0);
	require(setresgid(uid, uid, uid) == 0);
	require(setresuid(uid, uid, uid) == 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* is lost on the way */
}
