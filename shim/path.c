/* SPDX-License-Identifier: MIT */
/* path.c - names of files: where they really are, and what they end with. */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "shim/path.h"
#include "shim/shim.h"

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool path_ends_with(const char *text, size_t length, const char *end,
		    size_t end_length)
{
	return length >= end_length &&
	       memcmp(text + length - end_length, end, end_length) == 0;
}

static bool is_literal(char c)
{
	return c != '*' && c != '?' && c != ']' && c != '\\';
}

bool path_fits_end(const char *path, size_t length, const char *suffix,
		   const char *pattern)
{
	size_t left = length + strlen(suffix), size = strlen(pattern);

	for (; size > 0 && is_literal(pattern[size - 1]); size--, left--) {
		char last = '/'; /* of the directory where the path begins */

		if (left > length)
			last = suffix[left - length - 1];
		else if (left > 0)
			last = path[left - 1];
		if (last != pattern[size - 1])
			return false;
		if (last == '/')
			break;
	}
	return true;
}

bool path_of_fd(int fd, char real[PATH_MAX])
{
	char link[32] = "/proc/self/fd/", digits[16];
	char *to = link + strlen(link), *at = digits + sizeof(digits);
	ssize_t length;

	*--at = '\0';
	do
		*--at = (char)('0' + fd % 10);
	while ((fd /= 10) > 0);
	strcpy(to, at);
	length = readlink(link, real, PATH_MAX);
	/* Outside our root it begins with "(unreachable)". */
	if (length <= 0 || length == PATH_MAX || real[0] != '/')
		return false;
	real[length] = '\0';
	return true;
}

/* What asks for it may be no point where a thread is cancelled, as mkdir(). */
static bool path_of_folder(int directory, const char *path, char real[PATH_MAX])
{
	int cancel, fd;
	bool found;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	fd = REAL(openat)(directory, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	found = fd >= 0 && path_of_fd(fd, real);
	if (fd >= 0)
		REAL(close)(fd);
	pthread_setcancelstate(cancel, NULL);
	return found;
}

bool path_resolve(int directory, const char *path, char real[PATH_MAX],
		  size_t *base)
{
	size_t end = strlen(path), start, length;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	if (start == end || start >= PATH_MAX ||
	    (path[start] == '.' &&
	     (end - start == 1 ||
	      (end - start == 2 && path[start + 1] == '.'))))
		return false;
	memcpy(real, path, start);
	real[start] = '\0';
	if (!path_of_folder(directory, start > 0 ? real : ".", real))
		return false;
	length = strlen(real);
	if (length > 1)
		real[length++] = '/';
	if (length + end - start >= PATH_MAX)
		return false;
	memcpy(real + length, path + start, end - start);
	real[length + end - start] = '\0';
	*base = length;
	return true;
}
