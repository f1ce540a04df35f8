/* SPDX-License-Identifier: MIT */
/* main.c - portlock-guard: ends its host when that loses a lock to the cluster.
 *
 * The host is sent SIGTERM, and SIGCONT in case that it is stopped, and after a
 * while SIGKILL, all before the lease can expire and the next host be granted
 * the lock.  If it lets the lock go in between, it lives.
 *
 * What the host leaves to others who share the lock of an open file, the guard
 * keeps for them (keep.c); if that is lost, it is they who end.
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
	char text[LOST_TEXT_MAX]; /* ends with two NUL bytes */
	bool lost;		  /* and who loses it has been told */
	int64_t kill_at; /* then: ms of CLOCK_BOOTTIME, as the lease's */
};

static struct watch *watches[LOST_SLOTS];
static struct lost_page *page;
/* Leash, host, news of keep.c; timers by slot. */
enum { LEASH, HOST, NEWS, TIMERS, FDS = TIMERS + LOST_SLOTS };
static struct pollfd fds[FDS];
/* Up to the last slot that was used: poll() takes no more than there may be
 * descriptors, and slots are used from the first one on. */
static unsigned fds_used = TIMERS;
static bool host_is_gone;
static pid_t host;
/* The host has ended by such a loss: what it has started and left goes then. */
static int64_t orphans_at = NEVER;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* ---- the leash ------------------------------------------------------------ */

static void watch(const struct lost_message *message, const char *text,
		  int timer)
{
	struct watch *slot = watches[message->slot];

	if (!slot)
		slot = watches[message->slot] = calloc(1, sizeof(*slot));
	if (!slot)
		exit(1); /* the host notices with its next lock */
	if (fds[TIMERS + message->slot].fd >= 0)
		close(fds[TIMERS + message->slot].fd);
	slot->message = *message;
	memcpy(slot->text, text, sizeof(slot->text));
	slot->lost = false;
	if (fds_used <= TIMERS + message->slot)
		fds_used = TIMERS + message->slot + 1;
	fds[TIMERS + message->slot] =
		(struct pollfd){ .fd = timer, .events = POLLIN };
}

/* Returns how many came. */
static int fds_of(struct msghdr *whole, int came[LOST_FDS_MAX])
{
	struct cmsghdr *part = CMSG_FIRSTHDR(whole);
	size_t size;

	if (!part || part->cmsg_level != SOL_SOCKET ||
	    part->cmsg_type != SCM_RIGHTS)
		return 0;
	size = part->cmsg_len - CMSG_LEN(0);
	if (size > LOST_FDS_MAX * sizeof(came[0]))
		return 0;
	memcpy(came, CMSG_DATA(part), size);
	return (int)(size / sizeof(came[0]));
}

/* Once: a program may have any number of files. */
static void tell_no_room(const struct lost_message *message)
{
	const struct watch *slot = watches[message->slot];
	static bool told;

	if (slot && !told)
		say(slot->text, host,
		    "cannot outlive its process: portlock-guard has no room "
		    "for so many files (ulimit -n)");
	told = true;
}

/* Without descriptors, where this process may have no more, it is a message all
 * the same: the others' are not to suffer.  False: it is none of the host's. */
static bool take(const struct lost_message *message, const char *text,
		 int came[LOST_FDS_MAX], int count)
{
	int wanted = message->kind == LOST_HELD ? 1 : LOST_FDS_MAX;
	bool whole = count == wanted;

	if (message->slot >= LOST_SLOTS || message->kind > LOST_KEPT)
		return false;
	while (!whole && count > 0)
		close(came[--count]);
	if (message->kind == LOST_KEPT) {
		if (!whole || !keep_add(message, came, host))
			tell_no_room(message);
	} else if (whole) {
		watch(message, text, came[0]);
	} else {
		say(text, host, "is not watched: no descriptor is left");
	}
	return true;
}

/* Takes what the host has said; false: it has nothing any more. */
static bool listen_to_host(void)
{
	union {
		char bytes[CMSG_SPACE(LOST_FDS_MAX * sizeof(int))];
		struct cmsghdr aligned;
	} control;
	struct lost_message message;
	char text[LOST_TEXT_MAX];
	int came[LOST_FDS_MAX];
	ssize_t size;

	for (;;) {
		struct iovec data[] = { { &message, sizeof(message) },
					{ text, sizeof(text) - 2 } };
		struct msghdr whole = { .msg_iov = data,
					.msg_iovlen = 2,
					.msg_control = &control,
					.msg_controllen = sizeof(control) };

		memset(text, 0, sizeof(text));
		size = recvmsg(LOST_LEASH, &whole,
			       MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (size < 0)
			return errno == EAGAIN || errno == EINTR;
		if (size == 1) /* the page has changed */
			continue;
		if (size < (ssize_t)sizeof(message) ||
		    !take(&message, text, came, fds_of(&whole, came)))
			return false;
	}
}

static bool host_has_ended(void)
{
	struct pollfd end = fds[HOST];

	if (end.fd < 0 || poll(&end, 1, 0) <= 0)
		return false;
	listen_to_host(); /* for the last time */
	return true;
}

/* ---- losses --------------------------------------------------------------- */

static bool is_held(int slot)
{
	const struct lost_message *message = &watches[slot]->message;

	return atomic_load(&page->held[slot]) == message->number &&
	       (!host_is_gone || keep_of(message));
}

static void forget(int slot)
{
	close(fds[TIMERS + slot].fd);
	fds[TIMERS + slot].fd = -1;
	watches[slot]->lost = false;
}

/* What waits for files is to have their room. */
static void forget_all_but_kept(void)
{
	for (int slot = 0; slot < LOST_SLOTS; slot++)
		if (fds[TIMERS + slot].fd >= 0 && !is_held(slot))
			forget(slot);
}

/* Those who have to end; returns one of them. */
static pid_t find_losers(const struct lost_message *message)
{
	if (!host_is_gone) {
		victims_find(message->since);
		return host;
	}
	victims_find_sharers(keep_of(message), host);
	return victims_any();
}

/* Who is only told must not be among the victims of another loss. */
static void warn(int slot)
{
	const struct lost_message *message = &watches[slot]->message;
	pid_t loser =
		host_is_gone ? victims_sharer(keep_of(message), host) : host;

	if (loser)
		say(watches[slot]->text, loser,
		    "lost to the cluster, and goes on");
	forget(slot);
}

static void lose(int slot)
{
	const struct lost_message *message = &watches[slot]->message;
	pid_t loser;

	if (!message->kills) {
		warn(slot);
		return;
	}
	loser = find_losers(message);
	if (loser)
		say(watches[slot]->text, loser, "lost to the cluster: ended");
	watches[slot]->lost = true;
	watches[slot]->kill_at = now_ms() + message->patience_ms;
	fds[TIMERS + slot].events = 0;
	victims_signal(SIGTERM);
	victims_signal(SIGCONT);
}

/* Those whose end was seen by poll(), and all that the host had to say after
 * that has been heard. */
static void look_at_timers(void)
{
	keep_answer(); /* who tells that it is a locker has just told it */
	for (int slot = 0; slot < LOST_SLOTS; slot++) {
		if (fds[TIMERS + slot].fd < 0 || !fds[TIMERS + slot].revents)
			continue;
		if (is_held(slot))
			lose(slot);
		else
			forget(slot);
	}
}

/* What is lost and was let go since then: the host lives. */
static void forget_let_go(void)
{
	for (int slot = 0; slot < LOST_SLOTS; slot++)
		if (watches[slot] && watches[slot]->lost && !is_held(slot))
			forget(slot);
}

/* When the first of those that are lost, and held still, has no more time. */
static int64_t next_kill(void)
{
	int64_t next = orphans_at;

	for (int slot = 0; slot < LOST_SLOTS; slot++)
		if (watches[slot] && watches[slot]->lost &&
		    watches[slot]->kill_at < next)
			next = watches[slot]->kill_at;
	return next;
}

static void kill_all(void)
{
	keep_answer();
	for (int slot = 0; slot < LOST_SLOTS; slot++)
		if (watches[slot] && watches[slot]->lost)
			find_losers(&watches[slot]->message);
	victims_signal(SIGKILL);
	orphans_at = NEVER;
}

/* Nobody is left who shares it: the files' locks are others' by now. */
static void forget_losses(void)
{
	for (int slot = 0; slot < LOST_SLOTS; slot++)
		if (watches[slot] && watches[slot]->lost)
			forget(slot);
}

/* What is lost, and held still when there is no more time: killed again and
 * again, as others may share it.  Who was to end by a loss that is over is
 * nothing to the next one. */
static void look_at_losses(void)
{
	forget_let_go();
	if (next_kill() == NEVER) {
		victims_forget();
	} else if (now_ms() >= next_kill()) {
		kill_all();
		if (host_is_gone && !victims_are_left())
			forget_losses();
	}
}

/* ---- the loop -------------------------------------------------------------- */

/* The host has gone, but others may be left. */
static void finish(void)
{
	while (orphans_at != NEVER && victims_are_left()) {
		if (now_ms() >= orphans_at)
			kill_all();
		else
			poll(NULL, 0, LOOK_AGAIN);
	}
}

/* What it held, and nobody shares, has ended with it. */
static void go_on_without_host(void)
{
	forget_let_go();
	orphans_at = next_kill();
	host_is_gone = true;
	fds[LEASH].fd = fds[HOST].fd = -1;
	close(LOST_LEASH);
	keep_let_go(page);
	forget_all_but_kept();
	victims_without_host();
	if (orphans_at == NEVER)
		victims_forget();
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
	for (int i = 0; i < FDS; i++)
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	fds[LEASH].fd = LOST_LEASH;
	fds[HOST].fd = pidfd.fd;
	fds[NEWS].fd = keep_begin();
	if (fds[NEWS].fd < 0)
		exit(1); /* the host notices, and locks nothing */
}

static bool sleep_on(void)
{
	bool all_done = !host_is_gone || keep_without_host();
	int timeout = all_done && next_kill() == NEVER ? -1 : LOOK_AGAIN;

	return poll(fds, fds_used, timeout) >= 0 || errno == EINTR;
}

int main(void)
{
	begin();
	while (sleep_on()) {
		if (fds[NEWS].revents)
			keep_answer();
		if (host_is_gone)
			keep_end_free();
		else if (!listen_to_host() || host_has_ended())
			go_on_without_host();
		else
			keep_let_go(page);
		if (host_is_gone && !keep_of(NULL)) {
			finish();
			say_end();
			return 0;
		}
		look_at_losses();
		look_at_timers();
	}
	return 1;
}
