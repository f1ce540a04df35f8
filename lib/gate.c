/* SPDX-License-Identifier: MIT */
/* gate.c - the queue: waiters are connections in the accept queue of the gate.
 *
 * Who finds the gate bound connects to it and sleeps; the kernel keeps the
 * connections in order.  A release accepts the first, sends it the bundle,
 * closes its own copies and only then wakes it.  When a holder dies or has
 * nobody to give to, the gate closes and every connection that was not
 * accepted is reset: its waiter starts over.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "probe.h"

/* Connections that one release looks at: a full queue and as many again that
 * joined meanwhile.  After that everybody may race for the name, so that a
 * flood of dead connections cannot keep a releaser busy for ever. */
#define LOOKS_MAX (2 * (PL_BACKLOG + 1))

#define LOOK_AFTER (uint64_t) PL_MSEC

static int make_socket(struct pl_attempt *attempt)
{
	if (attempt->socket >= 0)
		return 0;
	/* O_NONBLOCK belongs to the open file that all holders share, and the
	 * accept of a release must not block: it stays on for good. */
	attempt->socket = pl_ops->socket(
		AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return attempt->socket < 0 ? pl_failure() : 0;
}

static void sign_early(int gate)
{
	struct pl_bundle bundle = PL_BUNDLE_NONE;

	bundle.gate = gate;
	pl_sign(&bundle, 0);
}

static int bind_and_listen(struct pl_attempt *attempt,
			   const struct pl_address *address, bool signs_early)
{
	int error = make_socket(attempt);

	if (error < 0)
		return error;
	if (pl_ops->bind(attempt->socket,
			 (const struct sockaddr *)&address->gate,
			 address->gate_length) < 0)
		return errno == EADDRINUSE ? -EADDRINUSE : pl_failure();
	pl_cargo_refuse(attempt->socket);
	if (signs_early)
		sign_early(attempt->socket);
	if (pl_ops->listen(attempt->socket, PL_BACKLOG) < 0)
		return pl_failure();
	attempt->bundle.gate = attempt->socket;
	attempt->socket = -1;
	return 0;
}

int pl_gate_bind(struct pl_attempt *attempt, const struct pl_address *address,
		 bool signs_early)
{
	int error;

	pl_window_open();
	error = bind_and_listen(attempt, address, signs_early);
	pl_window_close();
	return error;
}

/* The peer of a connection, as of its connect() or listen(). */
static struct ucred peer_of(int socket)
{
	struct ucred peer = { 0, (uid_t)-1, (gid_t)-1 };
	socklen_t length = sizeof(peer);

	if (pl_ops->getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer,
			       &length) < 0)
		peer.uid = (uid_t)-1;
	return peer;
}

static int connect_failure(void)
{
	switch (errno) {
	case ECONNREFUSED:
	case EAGAIN:
		return -errno;
	case EINTR: /* nobody's fault: to be tried again */
		return -ECONNREFUSED;
	}
	return pl_failure();
}

int pl_gate_connect(struct pl_attempt *attempt,
		    const struct pl_address *address)
{
	int error = 0;

	pl_window_open();
	error = make_socket(attempt);
	if (error == 0 &&
	    pl_ops->connect(attempt->socket,
			    (const struct sockaddr *)&address->gate,
			    address->gate_length) < 0)
		error = connect_failure();
	/* Who listened on the gate decides whether its grant can be trusted:
	 * another user could send a gate of which it keeps a copy, and so make
	 * two holders.  Our own user's processes take no gate from others, so
	 * behind a listener of ours there is never another user. */
	if (error == 0) {
		struct ucred listener = peer_of(attempt->socket);

		attempt->trusted = listener.uid == pl_ops->geteuid();
		attempt->may_enclose = attempt->trusted || listener.uid == 0;
		attempt->listener = listener.pid;
		if (!attempt->trusted)
			pl_cargo_refuse(attempt->socket);
	}
	pl_window_close();
	return error;
}

static void drop_socket(struct pl_attempt *attempt)
{
	pl_window_open();
	if (attempt->socket >= 0)
		pl_ops->close(attempt->socket);
	attempt->socket = -1;
	pl_window_close();
}

/*
 * Sleeps until the holder hangs up (0) or the wait must end (its error).
 * Only POLLRDHUP wakes: the message itself would pull us onto the releaser's
 * processor, to wait there until the releaser sleeps.  From another user's
 * process no message brings anything, but one could bring the other end of this
 * very connection, which then would never end: so it wakes, and is closed.
 */
static int sleep_in_queue(const struct pl_attempt *attempt,
			  const struct pl_wait *how)
{
	short events = attempt->trusted ? POLLRDHUP : POLLRDHUP | POLLIN;

	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = attempt->socket, .events = events },
			{ .fd = how->watch, .events = POLLIN },
		};
		nfds_t count = how->watch >= 0 ? 2 : 1;
		int ready = pl_poll(fds, count, how->deadline);

		/* A handler that forked: in its child nothing is left of us. */
		if (attempt->socket < 0)
			return 0;
		if (ready == 0 || (ready == -EINTR && !how->interruptible)) {
			/* Also signals that never cease, or a kernel that
			 * wakes us too early, change no deadline. */
			if (pl_expired(how->deadline))
				return -ETIMEDOUT;
			continue;
		}
		if (ready < 0)
			return ready;
		return fds[0].revents ? 0 : -ECANCELED;
	}
}

int pl_gate_wait(struct pl_attempt *attempt, const struct pl_address *address,
		 const struct pl_wait *how)
{
	int end = sleep_in_queue(attempt, how);
	int error;

	/* A releaser may be sending us the lock right now.  After the shutdown
	 * no message can arrive any more - the releaser gets EPIPE and takes
	 * the next - and one that has arrived is still read. */
	if (end < 0)
		pl_ops->shutdown(attempt->socket, SHUT_RDWR);
	error = pl_grant_receive(attempt, address);
	/* The connection stays open, for the reason in pl_part(). */
	if (error == 0)
		return 0;
	drop_socket(attempt);
	if (error == -EMFILE)
		return error;
	return end < 0 ? end : -EAGAIN;
}

/* The third field of /proc/PID/stat; the second, in brackets, can hold any
 * character. */
static char state_of(pid_t pid)
{
	char text[512];
	ssize_t size;
	char *end;
	int fd;

	snprintf(text, sizeof(text), "/proc/%d/stat", (int)pid);
	fd = pl_ops->open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '?';
	size = pl_ops->read(fd, text, sizeof(text) - 1);
	pl_ops->close(fd);
	if (size <= 0)
		return '?';
	text[size] = '\0';
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end[2] : '?';
}

/* A lock that was held this long was worth a look at the waiter's state, which
 * costs some 7 us.  Tokens are times of grants, and an old one is old. */
static bool was_held_long(uint64_t token)
{
	return (uint64_t)pl_now(CLOCK_BOOTTIME) - token >= LOOK_AFTER;
}

/* A stopped waiter would keep everybody waiting. */
static bool is_stopped(pid_t waiter, uint64_t token)
{
	return was_held_long(token) && waiter > 0 && state_of(waiter) == 'T';
}

/*
 * 0; -EPIPE or -ECONNRESET for a waiter that is to be hung up on; else why
 * nobody can be served.  A waiter of another user would hold a name of which we
 * have no say.  Like a stopped one, it finds its way back by itself.
 */
static int grant(int connection, const struct pl_bundle *bundle,
		 const struct pl_address *address, uint64_t token)
{
	struct ucred peer = peer_of(connection);
	int error;

	if (peer.uid != pl_ops->geteuid())
		return pl_cargo_possible(connection) ? -EPERM : -EPIPE;
	if (is_stopped(peer.pid, token))
		return -EPIPE;
	error = pl_grant_send(connection, bundle, token);
	if (error == 0)
		pl_probe_hand_over(address->name, peer.pid);
	return error;
}

/* To look costs a tenth of an accept() that finds nobody. */
bool pl_gate_has_waiter(int gate)
{
	static const struct timespec at_once;
	struct pollfd look = { .fd = gate, .events = POLLIN };

	return pl_ops->ppoll(&look, 1, &at_once, NULL) != 0;
}

/*
 * Closing a unix socket while descriptors are in flight starts the kernel's
 * collector of orphaned ones, which holds up the waiter that is about to
 * receive them.  So both sides keep their end of the connection, until the
 * handle has joined a queue again and nobody waits for it to act.
 */
void pl_part(int connection, atomic_int *parting)
{
	int previous = atomic_exchange(parting, connection);

	if (previous >= 0)
		pl_ops->close(previous);
}

/* Hangs up on the waiter that has been granted the lock.  What cannot be shut
 * down is closed, late as it makes the waiter: else it would sleep on. */
static void wake(int connection, atomic_int *parting)
{
	if (pl_ops->shutdown(connection, SHUT_WR) == 0)
		pl_part(connection, parting);
	else
		pl_ops->close(connection);
}

/*
 * Serves the first waiter that can take the bundle, which is empty then.  Else
 * the bundle is as it was; returns the connection that must not be closed as
 * long as that is so, or -1.
 */
static int serve_first(struct pl_bundle *bundle,
		       const struct pl_address *address, uint64_t token,
		       atomic_int *parting)
{
	for (int looks = 0; looks < LOOKS_MAX; looks++) {
		int connection =
			pl_ops->accept4(bundle->gate, NULL, NULL, SOCK_CLOEXEC);
		int error;

		if (connection < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (connection < 0)
			return -1;
		error = grant(connection, bundle, address, token);
		if (error == 0) {
			/* Our copies go before the waiter wakes: a releaser
			 * that is preempted, or stopped, after the wake would
			 * still pin the names when the next holder lets go. */
			pl_bundle_close(bundle);
			wake(connection, parting);
			return -1;
		}
		/* Not that the waiter is gone, but that nothing can be sent
		 * (too many descriptors in flight, no memory). */
		if (error != -EPIPE && error != -ECONNRESET)
			return connection;
		pl_ops->close(connection);
	}
	return -1;
}

void pl_gate_hand_over(struct pl_bundle *bundle,
		       const struct pl_address *address, uint64_t token,
		       bool crowded, atomic_int *parting)
{
	int connection = -1;

	if (crowded || pl_gate_has_waiter(bundle->gate))
		connection = serve_first(bundle, address, token, parting);
	pl_bundle_close(bundle);
	if (connection >= 0)
		pl_ops->close(connection);
}
