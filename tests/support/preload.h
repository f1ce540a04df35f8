/* SPDX-License-Identifier: MIT */
/* preload.h - a folder with a shim and a file, for tests of portlock preload. */
#ifndef PORTLOCK_TESTS_SUPPORT_PRELOAD_H
#define PORTLOCK_TESTS_SUPPORT_PRELOAD_H

#include <limits.h>

#include "tests/support/command.h"

#define RULE "--rule", "sem /x"
#define SHIM_OPTIONS RULE, "--"

/* PORTLOCK_SHIM is then a link in the folder, and no rules are in the
 * environment. */
int preload_group_setup(void **state);
int preload_group_teardown(void **state);

extern char preload_folder[PATH_MAX - 64];
extern char preload_shim[PATH_MAX], preload_path[PATH_MAX];

/* Puts these bytes, or this text, into the file at preload_path. */
void preload_bytes(const void *bytes, size_t size, mode_t mode);
void preload_text(const char *text, mode_t mode);

#endif
