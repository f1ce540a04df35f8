/* SPDX-License-Identifier: MIT */
/* keep.c - locks of the cluster that outlive the host, as others share the lock
 * of an open file for which they are held.
 *
 * Each has a copy of the session, by which the cluster's lock lasts.  When the
 * host has gone, a thread waits for the file's lock, with the file opened anew:
 * who gets it, knows that nobody has it any more.  Any call on a file may last
 * until a network is back: the others' threads make none.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "shim/lost/guard.h"

#define KEEPS_MAX 4096
#define AGAIN_MS 100

static struct keep *keeps;
static int room;	/* for so many more */
static int news = -1;	/* eventfd: one of them is free */
static int events = -1; /* epoll: that, and who asks at a mark */

static void listen_to(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	epoll_ctl(events, EPOLL_CTL_ADD, fd, &event);
}

int keep_begin(void)
{
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY };

	/* Half of all descriptors at most: a timer must find a place. */
	getrlimit(RLIMIT_NOFILE, &limit);
	room = limit.rlim_cur < KEEPS_MAX * 2 * LOST_FDS_MAX
		       ? (int)limit.rlim_cur / 2 / LOST_FDS_MAX
		       : KEEPS_MAX;
	news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	events = epoll_create1(EPOLL_CLOEXEC);
	if (news < 0 || events < 0)
		return -1;
	listen_to(news);
	return events;
}

static bool is_known(const struct lost_message *message,
		     const struct file *about)
{
	for (struct keep *keep = keeps; keep; keep = keep->next)
		if (keep->slot == message->slot &&
		    keep->number == message->number &&
		    file_is(&keep->about, about))
			return true;
	return false;
}

static bool keep_new(const struct lost_message *message,
		     const struct file *about, const int fds[LOST_FDS_MAX],
		     pid_t host)
{
	struct keep *keep = room > 0 ? calloc(1, sizeof(*keep)) : NULL;

	if (!keep)
		return false;
	room--;
	keep->number = message->number;
	keep->slot = message->slot;
	keep->operation = (int)message->operation;
	keep->about = *about;
	keep->session = fds[0];
	keep->file = fds[1];
	keep->mark = fds[2];
	keep->lockers[keep->lockers_count++] = sharer_locker(host, keep);
	keep->next = keeps;
	keeps = keep;
	fcntl(keep->mark, F_SETFL, O_NONBLOCK);
	listen_to(keep->mark);
	return true;
}

bool keep_add(const struct lost_message *message, const int fds[LOST_FDS_MAX],
	      pid_t host)
{
	struct file about;
	/* To open what is not a file may do anything. */
	bool wanted = file_look(fds[1], "", &about) &&
		      (about.type == S_IFREG || about.type == S_IFDIR) &&
		      !is_known(message, &about);

	if (wanted && keep_new(message, &about, fds, host))
		return true;
	shutdown(fds[2], SHUT_RDWR); /* as in end() */
	for (int i = 0; i < LOST_FDS_MAX; i++)
		close(fds[i]);
	return !wanted;
}

/* Each of them makes it another kind of lock, or loses it: the last one is the
 * locker, but for some who do so at the same moment. */
static void add_locker(struct keep *keep, int telling)
{
	struct ucred peer = { .pid = 0 };
	socklen_t length = sizeof(peer);

	if (getsockopt(telling, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ||
	    peer.uid != geteuid() || peer.pid <= 0)
		return;
	if (keep->lockers_count == LOCKERS_MAX)
		memmove(keep->lockers, keep->lockers + 1,
			(size_t)--keep->lockers_count * sizeof(peer.pid));
	keep->lockers[keep->lockers_count++] = peer.pid;
}

static bool answer_one(struct keep *keep)
{
	struct sockaddr_un name;
	socklen_t length = sizeof(name);
	int asking = accept(keep->mark, (struct sockaddr *)&name, &length);

	if (asking < 0)
		return false;
	/* With a name it is kept_tell_locker(). */
	if (length > sizeof(name.sun_family))
		add_locker(keep, asking);
	close(asking);
	return true;
}

/* Who asks knows all when it is connected; but where nobody takes connections
 * in, there is room for so many only. */
void keep_answer(void)
{
	for (struct keep *keep = keeps; keep; keep = keep->next)
		while (answer_one(keep))
			;
}

/* The session last: with it goes the cluster's lock. */
static void end(struct keep *keep)
{
	close(keep->file);
	/* Others may have a copy, as who was forked while it was made: that
	 * would be heard of for good, and keep what is over. */
	epoll_ctl(events, EPOLL_CTL_DEL, keep->mark, NULL);
	shutdown(keep->mark, SHUT_RDWR);
	close(keep->mark);
	close(keep->session);
	free(keep);
	room++;
}

/* Ends those that are no more to be kept. */
static void sweep(bool (*is_over)(const struct keep *, const void *),
		  const void *argument)
{
	struct keep **at = &keeps, *keep;

	while ((keep = *at)) {
		if (!is_over(keep, argument)) {
			at = &keep->next;
			continue;
		}
		*at = keep->next;
		end(keep);
	}
}

static bool is_let_go(const struct keep *keep, const void *argument)
{
	const struct lost_page *page = argument;

	return atomic_load(&page->held[keep->slot]) != keep->number;
}

void keep_let_go(const struct lost_page *page)
{
	sweep(is_let_go, page);
}

/* ---- the host has gone ------------------------------------------------------ */

/* What says nothing of the file, and will pass. */
static bool is_want(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	       error == ENOLCK || error == EINTR;
}

/* 0 when the lock could be had, or -errno. */
static int await_lock(int fd, int operation)
{
	while (flock(fd, operation) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Opened so that its lock can be asked for: that may take a right to write it.
 * 0 or -errno, of the last way. */
static int await_file(const struct keep *keep)
{
	static const int modes[] = { O_RDONLY, O_RDWR, O_WRONLY };
	int error = -EBADF;
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", keep->file);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		int fd = open(path, modes[i] | O_CLOEXEC | O_NONBLOCK);

		if (fd < 0) {
			error = -errno;
		} else {
			error = await_lock(fd, keep->operation);
			/* Who gets the file now is not inside. */
			if (error == 0)
				shutdown(keep->mark, SHUT_RDWR);
			close(fd);
		}
		if (error == 0 || is_want(-error))
			break;
	}
	return error;
}

static void *await_free(void *argument)
{
	static const uint64_t one = 1;
	struct keep *keep = argument;
	ssize_t written;

	/* Any other error is no lock of anybody's. */
	while (is_want(-await_file(keep)))
		poll(NULL, 0, AGAIN_MS);
	atomic_store(&keep->is_free, true);
	written = write(news, &one, sizeof(one));
	(void)written; /* full: then it has news */
	return NULL;
}

static bool is_free(const struct keep *keep, const void *argument)
{
	(void)argument;
	return atomic_load(&keep->is_free);
}

bool keep_without_host(void)
{
	bool all = true;

	for (struct keep *keep = keeps; keep; keep = keep->next) {
		if (!keep->is_awaited)
			keep->is_awaited = thread_start(await_free, keep);
		all = all && keep->is_awaited;
	}
	return all;
}

void keep_end_free(void)
{
	uint64_t count;

	if (read(news, &count, sizeof(count)) > 0)
		sweep(is_free, NULL);
}

const struct keep *keep_of(const struct lost_message *message)
{
	for (const struct keep *keep = keeps; keep; keep = keep->next)
		if (!message || (keep->slot == message->slot &&
				 keep->number == message->number))
			return keep;
	return NULL;
}
