/* SPDX-License-Identifier: MIT */
/* shim_path.c - where the shim is, and whether it is one. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cli/cli.h"
#include "lib/cli/shim_path.h"

#define INSTALLED PKGLIBDIR "/portlock-shim.so"

const char *shim_path(void)
{
	const char *elsewhere = secure_getenv("PORTLOCK_SHIM");

	return elsewhere ? elsewhere : INSTALLED;
}

bool shim_obstacle(const char *shim, char why[OBSTACLE_MAX])
{
	if (*shim != '/')
		snprintf(why, OBSTACLE_MAX,
			 "the shim's path '%s' is not absolute: set "
			 "PORTLOCK_SHIM to one that begins with '/'",
			 shim);
	else if (strpbrk(shim, ": \t\n"))
		snprintf(why, OBSTACLE_MAX,
			 "the shim's path '%s' has a space or colon, where the "
			 "loader would split it: set PORTLOCK_SHIM to a link "
			 "elsewhere",
			 shim);
	else if (access(shim, R_OK) < 0)
		snprintf(why, OBSTACLE_MAX,
			 "the shim '%s' cannot be read: %s (PORTLOCK_SHIM can "
			 "name another place; a build with --disable-shim "
			 "has none)",
			 shim, strerror(errno));
	else if (!elf_is_shim(shim))
		snprintf(why, OBSTACLE_MAX,
			 "'%s' is no shim: it must be a portlock-shim.so for "
			 "this kind of machine",
			 shim);
	else
		return false;
	return true;
}
