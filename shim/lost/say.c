/* SPDX-License-Identifier: MIT */
/* say.c - one line to where the log of the host is. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shim/lost/guard.h"

void say(const struct lost_message *message, pid_t host, const char *what)
{
	const char *place = message->text;
	const char *who = place + strlen(place) + 1;
	char theirs[32], line[512];
	ssize_t written;
	int length, fd;

	if (!*place)
		return;
	/* The host's own would keep open what the host closes. */
	snprintf(theirs, sizeof(theirs), "/proc/%d/fd/2", (int)host);
	fd = open(*place == '/' ? place : theirs,
		  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
			  O_NONBLOCK,
		  0666);
	if (fd < 0)
		return;
	length = snprintf(line, sizeof(line), "%.400s%s\n", who, what);
	for (int i = 0; i < length - 1; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = '?';
	written = write(fd, line, (size_t)length);
	(void)written; /* nowhere to complain */
	close(fd);
}
