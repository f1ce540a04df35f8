/* SPDX-License-Identifier: MIT */
/* session_start.c - starts portlock-session, the helper of a session. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>

#include "session.h"

#define TRIES 16

/*
 * The helper's end has the name by which sessions are told apart.  After the
 * digest stands what makes it its own: a moment, and how often that was taken.
 */
static int name_end(int socket, const struct pl_address *address)
{
	for (unsigned i = 0; i < TRIES; i++) {
		struct sockaddr_un name = { .sun_family = AF_UNIX };
		uint64_t moment = (uint64_t)pl_now(CLOCK_BOOTTIME) + i;
		int length =
			snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
				 "%s/%016llx", address->session,
				 (unsigned long long)moment);

		if (pl_ops->bind(
			    socket, (struct sockaddr *)&name,
			    (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
					1 + (size_t)length)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			break;
	}
	return pl_failure();
}

static int send_settings(int socket, const struct pl_cluster *cluster)
{
	struct iovec data = { (void *)cluster->packet, cluster->size };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	ssize_t sent =
		pl_ops->sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0)
		return pl_failure();
	return (size_t)sent == cluster->size ? 0 : -EIO;
}

/* Whatever is wrong with the program is -ENOENT; -ENOSYS and -EAGAIN: nobody may
 * be started, or too many are there.  None of them is of pl_failure(). */
static int start_helper(const char *path, const int fds[2])
{
	int error = pl_ops->spawn(path, fds, 2);

	switch (error) {
	case -EACCES:
	case -EISDIR:
	case -ELIBBAD:
	case -ELOOP:
	case -ENAMETOOLONG:
	case -ENOEXEC:
	case -ENOTDIR:
	case -ETXTBSY:
		return -ENOENT;
	case -EPERM: /* which a socket could have, too */
		return -ENOSYS;
	case -EINVAL: /* not the caller's */
		return -EIO;
	}
	return error;
}

/* What the helper is to inherit is ours only until then. */
static int start(int ours, int theirs, int timer,
		 const struct pl_address *address,
		 const struct pl_cluster *cluster)
{
	const int inherited[] = { theirs, timer };
	int error = name_end(theirs, address);

	/* Before it is there: an error of its start must not look like its
	 * end. */
	if (error == 0)
		error = send_settings(ours, cluster);
	if (error == 0)
		error = start_helper(cluster->helper, inherited);
	return error;
}

static int make_session(struct pl_bundle *bundle,
			const struct pl_address *address,
			const struct pl_cluster *cluster)
{
	int ends[2], timer, error;

	if (pl_ops->socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			       ends) < 0)
		return pl_failure();
	timer = pl_ops->timerfd_create(CLOCK_BOOTTIME,
				       TFD_CLOEXEC | TFD_NONBLOCK);
	error = timer < 0 ? pl_failure()
			  : start(ends[0], ends[1], timer, address, cluster);
	pl_ops->close(ends[1]);
	if (error == 0) {
		bundle->session = ends[0];
		bundle->timer = timer;
		return 0;
	}
	if (timer >= 0)
		pl_ops->close(timer);
	pl_ops->close(ends[0]);
	return error;
}

/* A handler that forks in the middle of it would make two helpers of one
 * socket. */
int pl_session_start(struct pl_bundle *bundle, const struct pl_address *address,
		     const struct pl_cluster *cluster)
{
	sigset_t all, mask;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &mask);
	error = make_session(bundle, address, cluster);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	/* The kernel gives a new socket the times of one that was closed. */
	if (error == 0)
		error = pl_note_forget(bundle->session);
	if (error < 0)
		pl_bundle_close_session(bundle);
	return error;
}
