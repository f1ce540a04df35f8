/* SPDX-License-Identifier: MIT */
/* preload.c - a folder with a shim and a file, for tests of portlock preload. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/preload.h"

char preload_folder[PATH_MAX - 64];
char preload_shim[PATH_MAX], preload_path[PATH_MAX];

int preload_group_setup(void **state)
{
	const char *real = getenv("PORTLOCK_SHIM");
	const char *parent = getenv("TMPDIR");

	(void)state;
	snprintf(preload_folder, sizeof(preload_folder),
		 "%s/portlock-test-XXXXXX", parent ? parent : "/tmp");
	require(real && mkdtemp(preload_folder));
	snprintf(preload_shim, PATH_MAX, "%s/shim.so", preload_folder);
	require(symlink(real, preload_shim) == 0);
	snprintf(preload_path, PATH_MAX, "%s/file", preload_folder);
	setenv("PORTLOCK_SHIM", preload_shim, 1);
	unsetenv("PORTLOCK_RULES");
	unsetenv("PORTLOCK_RULES_FILE");
	return 0;
}

int preload_group_teardown(void **state)
{
	(void)state;
	unlink(preload_path);
	unlink(preload_shim);
	return rmdir(preload_folder);
}

void preload_bytes(const void *bytes, size_t size, mode_t mode)
{
	int fd;

	unlink(preload_path);
	fd = open(preload_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size &&
		fchmod(fd, mode) == 0 && close(fd) == 0);
}

void preload_text(const char *text, mode_t mode)
{
	preload_bytes(text, strlen(text), mode);
}
