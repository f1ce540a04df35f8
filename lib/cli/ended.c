/* SPDX-License-Identifier: MIT */
/* ended.c - waits for the end of a process that need not be a child of ours.
 *
 * A pidfd tells it.  Where there is none (Linux before 5.3, sandboxes), the
 * process is looked at from time to time.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cli/supervise.h"

#define PAUSE_MS 50

/* What /proc/PID/stat has about a process. */
struct look {
	char state;
	long threads;
	uint64_t start_time;
};

static bool look_at(pid_t pid, struct look *look)
{
	char path[32], text[1024];
	const char *rest;
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[size > 0 ? size : 0] = '\0';
	rest = strrchr(text, ')'); /* the name may contain anything */
	return rest &&
	       sscanf(rest + 1,
		      " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
		      " %*s %*s %*s %*s %*s %ld %*s %" SCNu64,
		      &look->state, &look->threads, &look->start_time) == 3;
}

/* In doubt the process is there: better a lock for too long. */
static bool has_ended(const struct child *child)
{
	struct look look;

	if (kill(child->pid, 0) < 0 && errno == ESRCH)
		return true;
	if (child->start_time == 0 || !look_at(child->pid, &look))
		return false;
	if (look.start_time != child->start_time)
		return true; /* another one with the same number */
	/* A first thread that ended before the others is a zombie as well. */
	return look.state == 'X' || (look.state == 'Z' && look.threads <= 1);
}

void child_identify(struct child *child)
{
	struct look look;

	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	child->start_time = look_at(child->pid, &look) ? look.start_time : 0;
}

bool child_await_end(const struct child *child, int other)
{
	struct pollfd fds[2] = {
		{ .fd = child->pidfd, .events = POLLIN },
		{ .fd = other, .events = POLLIN },
	};
	int pause = child->pidfd >= 0 ? -1 : PAUSE_MS;

	for (;;) {
		int ready = poll(fds, 2, pause);

		if (ready < 0 && errno != EINTR)
			poll(NULL, 0, PAUSE_MS); /* no memory */
		if (ready > 0 && fds[0].revents)
			return true;
		if (child->pidfd < 0 && has_ended(child))
			return true;
		if (ready > 0 && fds[1].revents)
			return false;
	}
}
