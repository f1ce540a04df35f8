/* SPDX-License-Identifier: MIT */
/* output.c - files that are opened before the run and written after it. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/fail.h"
#include "bench/output.h"
#include "bench/stop.h"

static bool refuse(struct output *output, const char *what)
{
	warn("cannot %s '%s': %s", what, output->path, strerror(errno));
	*output->path = '\0';
	return false;
}

bool output_open(struct output *output, const char *path)
{
	const int flags = O_WRONLY | O_CLOEXEC | O_CREAT | O_NOCTTY;

	*output = (struct output){ .fd = STDOUT_FILENO };
	if (strcmp(path, "-") == 0) {
		int mode = fcntl(STDOUT_FILENO, F_GETFL);

		strcpy(output->path, "stdout");
		errno = EBADF;
		return (mode >= 0 && (mode & O_ACCMODE) != O_RDONLY) ||
		       refuse(output, "write");
	}
	if ((size_t)snprintf(output->path, sizeof(output->path), "%s", path) >=
	    sizeof(output->path)) {
		errno = ENAMETOOLONG;
		return refuse(output, "write");
	}
	output->fd = open(path, flags | O_EXCL, 0666);
	output->made = output->fd >= 0;
	if (output->fd < 0 && errno == EEXIST)
		output->fd = open(path, flags, 0666);
	return output->fd >= 0 || refuse(output, "write");
}

bool output_open_in(struct output *output, const char *folder, const char *name)
{
	char path[PATH_MAX + NAME_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return output_open(output, path);
}

static bool write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t count = write(fd, text, size);

		if (count < 0 && errno != EINTR)
			return false;
		/* Cut short by a signal; nobody may ever read the rest. */
		if (count < (ssize_t)size)
			stop_check();
		if (count > 0) {
			text += count;
			size -= (size_t)count;
		}
	}
	return true;
}

bool output_write(struct output *output, const char *text, size_t size)
{
	bool is_stdout = output->fd == STDOUT_FILENO;

	/* What cannot be cut, as a pipe, has nothing in it. */
	if ((!is_stdout && ftruncate(output->fd, 0) < 0 && errno != EINVAL) ||
	    !write_all(output->fd, text, size)) {
		refuse(output, "write");
		if (!is_stdout)
			close(output->fd);
		return false;
	}
	if (!is_stdout && close(output->fd) < 0)
		return refuse(output, "write");
	*output->path = '\0';
	return true;
}

void output_abandon(struct output *output)
{
	if (!*output->path)
		return;
	if (output->made)
		unlink(output->path);
	if (output->fd != STDOUT_FILENO)
		close(output->fd);
	*output->path = '\0';
}
