/* SPDX-License-Identifier: MIT */
/* lockfile_path.c - names: which may matter, and where they really are. */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shim/lockfile.h"

uint64_t lockfile_identity(const struct statx *about)
{
	const uint64_t facts[] = {
		about->stx_ino,
		(uint64_t)about->stx_dev_major << 32 | about->stx_dev_minor,
		(uint64_t)about->stx_btime.tv_sec,
		about->stx_btime.tv_nsec,
	};

	return shim_hash(facts, sizeof(facts));
}

const char *lockfile_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool ends_with(const char *text, size_t length, const char *end,
		      size_t end_length)
{
	return length >= end_length &&
	       memcmp(text + length - end_length, end, end_length) == 0;
}

/* What the last component of every match of the pattern ends with. */
static const char *literal_tail(const char *pattern)
{
	const char *tail = pattern + strlen(pattern);

	while (tail > pattern && !strchr("*?]\\/", tail[-1]))
		tail--;
	return tail;
}

bool lockfile_fits(const char *path)
{
	const struct shim_rule *rule = NULL;
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	while ((rule = shim_rule_next(SHIM_LOCKFILE, rule))) {
		const char *tail = literal_tail(rule->pattern);

		if (ends_with(path, length, tail, strlen(tail)))
			return true;
	}
	return false;
}

bool lockfile_fits_protected(const char *path)
{
	const size_t suffix = strlen(LOCKFILE_SUFFIX);
	const struct shim_rule *rule = NULL;
	size_t length = strlen(path);

	while ((rule = shim_rule_next(SHIM_LOCKFILE, rule))) {
		const char *tail = literal_tail(rule->pattern);
		size_t size = strlen(tail);

		if (size <= suffix
			    ? ends_with(LOCKFILE_SUFFIX, suffix, tail, size)
			    : ends_with(tail, size, LOCKFILE_SUFFIX, suffix) &&
				      ends_with(path, length, tail,
						size - suffix))
			return true;
	}
	return false;
}

/*
 * The pattern's last slash and the literal text before it must be in the path
 * of a directory in which it matches anything.
 */
static bool fits_directory(const char *pattern, const char *real)
{
	const char *last = strrchr(pattern, '/');
	const char *first = last;
	char needed[PATH_MAX];

	if (!last || strpbrk(pattern, "[\\"))
		return true;
	while (first > pattern && !strchr("*?", first[-1]))
		first--;
	if (last - first >= (ptrdiff_t)sizeof(needed))
		return true;
	memcpy(needed, first, (size_t)(last - first));
	needed[last - first] = '\0';
	/* Without its slash: the directory's path does not end with one. */
	return strstr(real, needed) != NULL;
}

bool lockfile_fits_directory(const char *real)
{
	const struct shim_rule *rule = NULL;

	while ((rule = shim_rule_next(SHIM_LOCKFILE, rule)))
		if (fits_directory(rule->pattern, real))
			return true;
	return false;
}

bool lockfile_path_of_fd(int fd, char real[PATH_MAX])
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

bool lockfile_resolve(int directory, const char *path, char real[PATH_MAX],
		      size_t *base)
{
	size_t end = strlen(path), start, length;
	bool found;
	int fd;

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
	fd = REAL(openat)(directory, start > 0 ? real : ".",
			  O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	found = lockfile_path_of_fd(fd, real);
	REAL(close)(fd);
	if (!found)
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

bool lockfile_protected(const char *path, char real[PATH_MAX])
{
	const size_t suffix = strlen(LOCKFILE_SUFFIX);
	size_t length = strlen(path);

	if (!ends_with(path, length, LOCKFILE_SUFFIX, suffix) ||
	    path[length - suffix - 1] == '/')
		return false;
	memcpy(real, path, length - suffix);
	real[length - suffix] = '\0';
	return true;
}
