/* SPDX-License-Identifier: MIT */
/* filelock_seen.c - the locks that the kernel says an open file has.
 *
 * Each is a line of /proc/self/fdinfo/FD:
 *	lock:	1: FLOCK  ADVISORY  WRITE 4711 fe:01:42 0 EOF
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/filelock.h"

/* One line and more: longer ones are none of locks. */
#define WINDOW 512

static void path_of(char path[64], int fd)
{
	static const char folder[] = "/proc/self/fdinfo/";
	char digits[3 * sizeof(fd) + 1];
	char *at = digits + sizeof(digits);
	unsigned number = (unsigned)fd;

	*--at = '\0';
	do
		*--at = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	memcpy(path, folder, sizeof(folder));
	strcat(path, at);
}

static unsigned judge(const char *line, const char *kind)
{
	static const char begin[] = "lock:";
	const char *at, *mode;
	unsigned seen = SEEN_WRITE;

	if (strncmp(line, begin, strlen(begin)) != 0)
		return 0;
	at = strstr(line, kind);
	/* A lock that is waited for has an arrow; it is not held. */
	if (!at || strstr(line, "->"))
		return 0;
	mode = strstr(at, " WRITE ");
	if (!mode) {
		mode = strstr(at, " READ ");
		seen = SEEN_READ;
	}
	/* The number of who has called for it stays, whoever shares it. */
	if (mode && atoi(mode + strlen(" READ ")) == getpid())
		seen |= SEEN_OWN;
	return seen;
}

/* Judges the whole lines; what is left of the last one moves to the front. */
static unsigned judge_lines(char *text, size_t *length, const char *kind)
{
	unsigned seen = 0;
	char *line = text, *end;

	text[*length] = '\0';
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		seen |= judge(line, kind);
		line = end + 1;
	}
	*length -= (size_t)(line - text);
	memmove(text, line, *length);
	return seen;
}

unsigned filelock_seen_in(const char *path, const char *kind)
{
	char text[WINDOW + 1];
	unsigned seen = 0;
	size_t length = 0;
	ssize_t size;
	int info;

	info = REAL(open)(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return SEEN_UNKNOWN;
	while ((size = read(info, text + length, WINDOW - length)) > 0) {
		length += (size_t)size;
		seen |= judge_lines(text, &length, kind);
		if (length == WINDOW)
			length = 0;
	}
	REAL(close)(info);
	return seen;
}

unsigned filelock_seen(int fd, const char *kind)
{
	int error = errno, cancel;
	unsigned seen;
	char path[64];

	path_of(path, fd);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	seen = filelock_seen_in(path, kind);
	pthread_setcancelstate(cancel, NULL);
	/* What is closed has none; else we are blind. */
	if (seen == SEEN_UNKNOWN && REAL(fcntl)(fd, F_GETFD) < 0)
		seen = 0;
	errno = error;
	return seen;
}
