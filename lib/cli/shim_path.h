/* SPDX-License-Identifier: MIT */
/* shim_path.h - where the shim is; for the command and for portlock-bench. */
#ifndef PORTLOCK_CLI_SHIM_PATH_H
#define PORTLOCK_CLI_SHIM_PATH_H

#include <limits.h>
#include <stdbool.h>

#define OBSTACLE_MAX (PATH_MAX + 256)

/* $PORTLOCK_SHIM, or where it is installed. */
const char *shim_path(void);

/* Whether the loader could not take that file for a shim; then also why, and
 * what would be right. */
bool shim_obstacle(const char *shim, char why[OBSTACLE_MAX]);

#endif
