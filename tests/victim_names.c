/* SPDX-License-Identifier: MIT */
/* victim_names.c - a program whose files get other names, in a folder with
 * in/x and out/x; results are those of the last open.
 */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>

#include "victim.h"
#include "victim_names.h"

#define SETTLES 50000000 /* ns, some ticks of the kernel's clock */

static char in[PATH_MAX], out[PATH_MAX], here[PATH_MAX];
static int fd = -1;

static int opened(const char *path, int flags)
{
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? errno : 0;
}

static void touch(const char *path, int flags)
{
	opened(path, flags);
	close(fd);
}

static void settle(void)
{
	const struct timespec time = { .tv_nsec = SETTLES };

	nanosleep(&time, NULL);
}

static int do_renamed(void)
{
	touch(out, O_RDWR);
	touch(out, O_RDWR);
	if (rename(out, in) < 0)
		return errno;
	return opened(in, O_RDWR);
}

static int do_renamed_later(void)
{
	settle();
	touch(out, O_RDWR);
	settle();
	return do_renamed();
}

static int do_linked(void)
{
	if (unlink(in) < 0 || link(out, in) < 0)
		return errno;
	settle();
	touch(out, O_RDWR);
	touch(out, O_RDWR);
	return opened(in, O_RDWR);
}

static int do_switched(void)
{
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s/x", here);
	if (symlink("out", here) < 0)
		return errno;
	settle();
	touch(path, O_RDWR);
	touch(path, O_RDWR);
	if (unlink(here) < 0 || symlink("in", here) < 0)
		return errno;
	return opened(path, O_RDWR);
}

static int do_pointed(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.*s/link", (int)strlen(in) - 2, in);
	if (symlink(out, path) < 0)
		return errno;
	settle();
	touch(out, O_RDWR);
	touch(out, O_RDWR);
	return opened(path, O_RDWR);
}

static int do_upgraded(void)
{
	touch(in, O_RDONLY);
	touch(in, O_RDONLY | O_CREAT);
	return opened(in, O_RDWR);
}

static int do_close(void)
{
	return close(fd) < 0 ? errno : 0;
}

static int do_nothing(void)
{
	return 0;
}

int main(int argc, char **argv)
{
#define VICTIM_NAMES_COMMAND(name) { #name, do_##name },
	static const struct command commands[] = { VICTIM_NAMES_COMMANDS(
		VICTIM_NAMES_COMMAND){ NULL, NULL } };

	if (argc < 2)
		return 64;
	snprintf(in, sizeof(in), "%s/in/x", argv[1]);
	snprintf(out, sizeof(out), "%s/out/x", argv[1]);
	snprintf(here, sizeof(here), "%s/here", argv[1]);
	return argv[2] ? run_all(commands, argv + 2) : serve(commands);
}
