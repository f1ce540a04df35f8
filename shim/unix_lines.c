/* SPDX-License-Identifier: MIT */
/* unix_lines.c - the kernel's table of unix sockets, line by line. */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shim/unix_lines.h"

/* The thread's: it may have a network of its own. */
bool unix_open(struct unix_lines *lines)
{
	lines->at = lines->end = 0;
	lines->fd =
		REAL(open)("/proc/thread-self/net/unix", O_RDONLY | O_CLOEXEC);
	return lines->fd >= 0;
}

void unix_close(struct unix_lines *lines)
{
	REAL(close)(lines->fd);
}

char *unix_next(struct unix_lines *lines)
{
	for (;;) {
		char *start = lines->text + lines->at;
		char *stop = memchr(start, '\n', lines->end - lines->at);
		ssize_t size;

		if (stop) {
			*stop = '\0';
			lines->at = (size_t)(stop - lines->text) + 1;
			return start;
		}
		lines->end -= lines->at;
		memmove(lines->text, start, lines->end);
		lines->at = 0;
		if (lines->end == sizeof(lines->text))
			lines->end = 0;
		size = read(lines->fd, lines->text + lines->end,
			    sizeof(lines->text) - lines->end);
		if (size <= 0)
			return NULL;
		lines->end += (size_t)size;
	}
}
