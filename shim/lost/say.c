/* SPDX-License-Identifier: MIT */
/* say.c - one line to where the log of the host is.
 *
 * That may be a file on a server which is as far away as the cluster, and then
 * each call on it lasts until the network is back.  The host has to end before
 * that: a thread writes the line, and the guard waits for it only so long.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/lost/guard.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

#define SAY_MS 50 /* a tenth of the least time between the two signals */

static atomic_int under_way; /* lines */

/*
 * The host's standard error, if it is a regular file: as the host has it, since
 * what is written behind its place there, it would write over.  -1: it is none,
 * or that is forbidden.
 */
static int shared_error(pid_t host)
{
	int pidfd = (int)syscall(SYS_pidfd_open, host, 0);
	struct stat64 seen;
	int fd;

	if (pidfd < 0)
		return -1;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, STDERR_FILENO, 0);
	close(pidfd);
	if (fd >= 0 && (fstat64(fd, &seen) < 0 || !S_ISREG(seen.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Anything else is opened anew, not to wait where the host would. */
static int open_error(pid_t host)
{
	int fd = shared_error(host);
	char theirs[32];

	if (fd >= 0)
		return fd;
	snprintf(theirs, sizeof(theirs), "/proc/%d/fd/2", (int)host);
	return open(theirs,
		    O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

struct line {
	int done; /* closed by the thread: its end of a pipe */
	pid_t host;
	const char *what;
	char text[LOST_TEXT_MAX];
};

static void write_line(const struct line *said)
{
	const char *place = said->text;
	const char *who = place + strlen(place) + 1;
	char line[512];
	ssize_t written;
	int length, fd;

	/* Only now: it would keep open what the host closes. */
	fd = *place == '/' ? open(place,
				  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
					  O_NOCTTY | O_NONBLOCK,
				  0666)
			   : open_error(said->host);
	if (fd < 0)
		return;
	length = snprintf(line, sizeof(line), "%.400s%s\n", who, said->what);
	for (int i = 0; i < length - 1; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = '?';
	written = write(fd, line, (size_t)length);
	(void)written; /* nowhere to complain */
	close(fd);
}

static void end_line(struct line *said)
{
	atomic_fetch_sub(&under_way, 1);
	close(said->done);
	free(said);
}

static void *write_aside(void *argument)
{
	write_line(argument);
	end_line(argument);
	return NULL;
}

/* Behind one that takes too long already nobody waits: there may be many. */
static void start_line(struct line *said, int end)
{
	struct pollfd done = { .fd = end };
	bool alone = atomic_fetch_add(&under_way, 1) == 0;

	if (!thread_start(write_aside, said))
		end_line(said);
	else if (alone)
		poll(&done, 1, SAY_MS);
}

void say(const char text[LOST_TEXT_MAX], pid_t host, const char *what)
{
	struct line *said = *text ? malloc(sizeof(*said)) : NULL;
	int ends[2];

	if (!said || pipe2(ends, O_CLOEXEC) < 0) {
		free(said);
		return;
	}
	*said = (struct line){ .done = ends[1], .host = host, .what = what };
	memcpy(said->text, text, sizeof(said->text));
	start_line(said, ends[0]);
	close(ends[0]);
}
