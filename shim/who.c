/* SPDX-License-Identifier: MIT */
/* who.c - the processes above this one: who waits for its children must not be
 * waited for by them.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shim/shim.h"

#define GENERATIONS 256 /* should pids be reused while we look */

bool shim_read_text(const char *path, char *text, size_t size)
{
	int fd = REAL(open)(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, text, size - 1);
	REAL(close)(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

/* /proc/PID/stat from its third field on, or NULL. */
static const char *stat_of(pid_t pid, char *text, size_t size)
{
	char path[32], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!shim_read_text(path, text, size))
		return NULL;
	/* Field 2 is the name, which may hold anything, also brackets. */
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end + 2 : NULL;
}

pid_t shim_parent_of(pid_t pid)
{
	char text[512];
	const char *at = stat_of(pid, text, sizeof(text));
	int parent;

	return at && sscanf(at, "%*c %d", &parent) == 1 ? (pid_t)parent : 0;
}

uint64_t shim_started(pid_t pid)
{
	char text[512];
	const char *at = stat_of(pid, text, sizeof(text));
	unsigned long long ticks;

	/* Field 22. */
	return at && sscanf(at,
			    "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			    "%*s %*s %*s %*s %*s %*s %*s %llu",
			    &ticks) == 1
		       ? ticks * SHIM_TICK_NS
		       : UINT64_MAX;
}

pid_t shim_child_of(pid_t ancestor)
{
	pid_t child = getpid(), at = getppid();

	for (int i = 0; at > 0 && at != ancestor && i < GENERATIONS; i++) {
		child = at;
		at = shim_parent_of(at);
	}
	return at > 0 && at == ancestor ? child : 0;
}
