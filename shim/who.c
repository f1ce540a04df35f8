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

pid_t shim_parent_of(pid_t pid)
{
	char path[32], text[256];
	const char *at;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!shim_read_text(path, text, sizeof(text)))
		return 0;
	/* Field 2 is the name, which may hold anything, also brackets. */
	at = strrchr(text, ')');
	return at && sscanf(at, ") %*c %d", &parent) == 1 ? (pid_t)parent : 0;
}

bool shim_is_ancestor(pid_t pid)
{
	pid_t at = getppid();

	for (int i = 0; at > 0 && at != pid && i < GENERATIONS; i++)
		at = shim_parent_of(at);
	return at > 0 && at == pid;
}
