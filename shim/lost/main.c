/* SPDX-License-Identifier: MIT */
/* main.c - portlock-guard: ends its host when that loses a lock to the cluster.
 *
 * The host is sent SIGTERM, and SIGCONT in case that it is stopped, and after a
 * while SIGKILL, all before the lease can expire and the next host be granted
 * the lock.  If it lets the lock go in between, it lives.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "shim/lost/guard.h"

#define NEVER INT64_MAX
#define LOOK_AGAIN 20 /* ms, while victims end */

struct watch {
	struct lost_message message;
	int timer; /* -1: none */
	bool lost; /* and the host has been told */
};

static struct watch *watches[LOST_SLOTS];
static struct lost_page *page;
static struct pollfd fds[2 + LOST_SLOTS]; /* leash, host, timers by slot */
static pid_t host;
static int64_t kill_at = NEVER; /* ms of CLOCK_BOOTTIME, as the lease's */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* ---- the leash ------------------------------------------------------------ */

static void watch(const struct lost_message *message, size_t size, int timer)
{
	struct watch *slot = watches[message->slot];

	if (!slot)
		slot = watches[message->slot] = calloc(1, sizeof(*slot));
	if (!slot)
		exit(1); /* the host notices with its next lock */
	if (fds[2 + message->slot].fd >= 0)
		close(fds[2 + message->slot].fd);
	memset(&slot->message, 0, sizeof(slot->message));
	memcpy(&slot->message, message, size);
	slot->lost = false;
	fds[2 + message->slot] =
		(struct pollfd){ .fd = timer, .events = POLLIN };
}

static int timer_of(struct msghdr *whole)
{
	struct cmsghdr *part = CMSG_FIRSTHDR(whole);
	int timer = -1;

	if (part && part->cmsg_level == SOL_SOCKET &&
	    part->cmsg_type == SCM_RIGHTS &&
	    part->cmsg_len == CMSG_LEN(sizeof(timer)))
		memcpy(&timer, CMSG_DATA(part), sizeof(timer));
	return timer;
}

/* Takes what the host has said; false: it has nothing any more. */
static bool listen_to_host(void)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control;
	struct lost_message message;
	ssize_t size;

	for (;;) {
		struct iovec data = { &message, sizeof(message) - 2 };
		struct msghdr whole = { .msg_iov = &data,
					.msg_iovlen = 1,
					.msg_control = &control,
					.msg_controllen = sizeof(control) };
		int timer;

		memset(&message, 0, sizeof(message));
		size = recvmsg(LOST_LEASH, &whole,
			       MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (size < 0)
			return errno == EAGAIN || errno == EINTR;
		timer = timer_of(&whole);
		if (size <= (ssize_t)LOST_HEAD || message.slot >= LOST_SLOTS ||
		    timer < 0)
			return false;
		watch(&message, (size_t)size, timer);
	}
}

static bool host_has_ended(void)
{
	struct pollfd end = fds[1];

	return end.fd >= 0 && poll(&end, 1, 0) > 0;
}

/* ---- losses --------------------------------------------------------------- */

static bool is_held(int slot)
{
	return atomic_load(&page->held[slot]) == watches[slot]->message.number;
}

static void forget(int slot)
{
	close(fds[2 + slot].fd);
	fds[2 + slot].fd = -1;
	watches[slot]->lost = false;
}

static void lose(int slot)
{
	const struct lost_message *message = &watches[slot]->message;

	if (!message->kills) {
		say(message, host, "lost to the cluster, and goes on");
		forget(slot);
		return;
	}
	say(message, host, "lost to the cluster: ended");
	watches[slot]->lost = true;
	fds[2 + slot].events = 0;
	if (kill_at > now_ms() + message->patience_ms)
		kill_at = now_ms() + message->patience_ms;
	victims_find(message->since);
	victims_signal(SIGTERM);
	victims_signal(SIGCONT);
}

/* Those whose end was seen by poll(), and all that the host had to say after
 * that has been heard. */
static void look_at_timers(void)
{
	for (int slot = 0; slot < LOST_SLOTS; slot++) {
		if (fds[2 + slot].fd < 0 || !fds[2 + slot].revents)
			continue;
		if (is_held(slot))
			lose(slot);
		else
			forget(slot);
	}
}

/* Whether a lost lock is held still; if not, the host lives. */
static bool loss_lasts(void)
{
	bool lasts = false;

	for (int slot = 0; slot < LOST_SLOTS; slot++) {
		if (!watches[slot] || !watches[slot]->lost)
			continue;
		if (is_held(slot))
			lasts = true;
		else
			forget(slot);
	}
	return lasts;
}

static void kill_all(void)
{
	for (int slot = 0; slot < LOST_SLOTS; slot++)
		if (watches[slot] && watches[slot]->lost)
			victims_find(watches[slot]->message.since);
	victims_signal(SIGKILL);
}

/* ---- the loop -------------------------------------------------------------- */

/* The host has gone, but others may be left. */
static int finish(void)
{
	while (kill_at != NEVER && victims_are_left()) {
		if (now_ms() >= kill_at) {
			kill_all();
			break;
		}
		poll(NULL, 0, LOOK_AGAIN);
	}
	return 0;
}

static void begin(void)
{
	struct ucred peer = { .pid = 0 };
	socklen_t length = sizeof(peer);
	struct rlimit limit;
	struct pollfd pidfd = { .fd = LOST_HOST, .events = POLLIN };
	sigset_t all;

	/* Who tells all processes of a service to end means the host: that may
	 * need its locks for it, and is to be watched until it has done so. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	page = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, LOST_PAGE, 0);
	if (page == MAP_FAILED ||
	    getsockopt(LOST_LEASH, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		exit(1);
	host = peer.pid;
	if (poll(&pidfd, 1, 0) < 0 || pidfd.revents & POLLNVAL)
		pidfd.fd = -1;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	victims_begin(host, pidfd.fd);
	for (int i = 0; i < 2 + LOST_SLOTS; i++)
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	fds[0].fd = LOST_LEASH;
	fds[1].fd = pidfd.fd;
}

int main(void)
{
	begin();
	for (;;) {
		if (poll(fds, 2 + LOST_SLOTS,
			 kill_at == NEVER ? -1 : LOOK_AGAIN) < 0 &&
		    errno != EINTR)
			return 1;
		if (!listen_to_host() || host_has_ended())
			return finish();
		look_at_timers();
		if (kill_at == NEVER)
			continue;
		if (!loss_lasts())
			kill_at = NEVER;
		else if (now_ms() >= kill_at) {
			kill_all();
			return 0;
		}
	}
}
