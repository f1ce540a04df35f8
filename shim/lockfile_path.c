/* SPDX-License-Identifier: MIT */
/* lockfile_path.c - names that may matter to a rule. */
#include "config.h"

#include <string.h>

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

static bool fits(const char *path, size_t length, const char *suffix)
{
	const struct shim_rule *rule = NULL;

	while ((rule = shim_rule_next(SHIM_LOCKFILE, rule)))
		if (path_fits_end(path, length, suffix, rule->pattern))
			return true;
	return false;
}

bool lockfile_fits(const char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	return fits(path, length, "");
}

bool lockfile_fits_protected(const char *path)
{
	return fits(path, strlen(path), LOCKFILE_SUFFIX);
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

bool lockfile_protected(const char *path, char real[PATH_MAX])
{
	const size_t suffix = strlen(LOCKFILE_SUFFIX);
	size_t length = strlen(path);

	if (!path_ends_with(path, length, LOCKFILE_SUFFIX, suffix) ||
	    path[length - suffix - 1] == '/')
		return false;
	memcpy(real, path, length - suffix);
	real[length - suffix] = '\0';
	return true;
}
