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
#define LAST_MS 5000
#define LOOK_AGAIN 10

static atomic_int under_way; /* lines */

struct line {
	int done; /* closed by the thread: its end of a pipe */
	pid_t host;
	int error; /* a copy of the host's standard error, or -1 */
	const char *what;
	char text[LOST_TEXT_MAX];
};

/* The host may have none any more when the thread comes to it.  -1: it is not
 * needed, or that is forbidden. */
static int copy_error(const struct line *said)
{
	int pidfd, fd;

	if (*said->text == '/')
		return -1;
	pidfd = (int)syscall(SYS_pidfd_open, said->host, 0);
	if (pidfd < 0)
		return -1;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, STDERR_FILENO, 0);
	close(pidfd);
	return fd;
}

/*
 * A regular file as the host has it, since what is written behind its place
 * there, it would write over.  Anything else is opened anew, not to wait where
 * the host would.
 */
static int open_error(const struct line *said)
{
	struct stat64 seen;
	char path[32];

	if (said->error >= 0 && fstat64(said->error, &seen) == 0 &&
	    S_ISREG(seen.st_mode))
		return fcntl(said->error, F_DUPFD_CLOEXEC, 0);
	if (said->error >= 0)
		snprintf(path, sizeof(path), "/proc/self/fd/%d", said->error);
	else
		snprintf(path, sizeof(path), "/proc/%d/fd/2", (int)said->host);
	return open(path,
		    O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static void write_line(const struct line *said)
{
	const char *place = said->text;
	const char *who = place + strlen(place) + 1;
	char line[512];
	ssize_t written;
	int length, fd;

	fd = *place == '/' ? open(place,
				  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
					  O_NOCTTY | O_NONBLOCK,
				  0666)
			   : open_error(said);
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
	if (said->error >= 0)
		close(said->error);
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
	said->error = copy_error(said);
	start_line(said, ends[0]);
	close(ends[0]);
}

void say_end(void)
{
	for (int ms = 0; atomic_load(&under_way) > 0 && ms < LAST_MS;
	     ms += LOOK_AGAIN)
		poll(NULL, 0, LOOK_AGAIN);
}
