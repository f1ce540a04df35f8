/* SPDX-License-Identifier: MIT */
/* path.h - names of files: where they really are, and what they end with. */
#ifndef PORTLOCK_SHIM_PATH_H
#define PORTLOCK_SHIM_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* All of them are async-signal-safe. */

/* The last component. */
const char *path_base(const char *path);

/*
 * Cheap: false if the pattern matches no path that ends with the last component
 * of this one, with the suffix put on.
 */
bool path_fits_end(const char *path, size_t length, const char *suffix,
		   const char *pattern);

bool path_ends_with(const char *text, size_t length, const char *end,
		    size_t end_length);

/* The absolute path of an open file; it may not lead there any more, and then
 * it ends with " (deleted)". */
bool path_of_fd(int fd, char real[PATH_MAX]);

/*
 * The one absolute path of a file that need not exist: its directory without
 * symbolic links, and its name.  False if there is none or it is too long.
 */
bool path_resolve(int directory, const char *path, char real[PATH_MAX],
		  size_t *base);

#endif
