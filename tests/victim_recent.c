/* SPDX-License-Identifier: MIT */
/* victim_recent.c - a program whose paths and descriptors are others than a
 * moment ago, in a folder with in/x and out/x; results are those of the last
 * call.
 */
#include "config.h"

#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "victim.h"
#include "victim_recent.h"

static char in[PATH_MAX], out[PATH_MAX], here[PATH_MAX];
static char inside[PATH_MAX], outside[PATH_MAX]; /* the directories */
static int fd = -1;

/* What changed just now is not remembered as of no concern. */
static const struct timespec settles = { .tv_nsec = 50000000 };

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

/* ---- other directories --------------------------------------------------------- */

static void touch_outside(void)
{
	if (chdir(outside) < 0)
		exit(1);
	touch("x", O_RDWR);
	touch("x", O_RDWR);
}

static int do_moved(void)
{
	touch_outside();
	return chdir(inside) < 0 ? errno : opened("x", O_RDWR);
}

static int do_moved_by_fd(void)
{
	int directory = open(inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	touch_outside();
	return fchdir(directory) < 0 ? errno : opened("x", O_RDWR);
}

/* A child on our memory, but in another directory. */
static int do_moved_in_vfork(void)
{
	pid_t child;

	nanosleep(&settles, NULL);
	touch_outside();
	if (chdir(inside) < 0)
		return errno;
	child = vfork();
	if (child == 0) {
		touch_outside();
		_exit(0);
	}
	waitpid(child, NULL, 0);
	return opened("x", O_RDWR);
}

static int open_there(const char *path, const struct stat *about, int type,
		      struct FTW *walk)
{
	(void)about;
	if (type == FTW_F)
		opened(path + walk->base, O_RDWR);
	return 0;
}

static int do_moved_by_nftw(void)
{
	touch_outside();
	return nftw(inside, open_there, 4, FTW_CHDIR) < 0 ? errno : 0;
}

static int do_moved_by_fts(void)
{
	char *paths[] = { inside, NULL };
	FTSENT *entry;
	FTS *walk;

	touch_outside();
	walk = fts_open(paths, FTS_PHYSICAL, NULL);
	while ((entry = fts_read(walk)))
		if (entry->fts_info == FTS_F)
			opened(entry->fts_accpath, O_RDWR);
	return fts_close(walk) < 0 ? errno : 0;
}

static int do_replaced(void)
{
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s/x", here);
	if (symlink("out", here) < 0)
		return errno;
	touch(path, O_RDWR);
	touch(path, O_RDWR);
	if (unlink(here) < 0 || mkdir(here, 0700) < 0)
		return errno;
	return opened(path, O_RDWR | O_CREAT);
}

static int make(void)
{
	return opened("x.lock", O_RDWR | O_CREAT | O_EXCL);
}

static int do_unmade(void)
{
	return close(fd) < 0 || unlink("x.lock") < 0 ? errno : 0;
}

static int do_made(void)
{
	if (chdir(outside) < 0)
		return errno;
	for (int i = 0; i < 2; i++)
		if (make() != 0 || do_unmade() != 0)
			return errno;
	return chdir(inside) < 0 ? errno : make();
}

/* ---- locks on descriptors ------------------------------------------------------ */

static int lock(void)
{
	return flock(fd, LOCK_EX) < 0 ? errno : 0;
}

static int set(void)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_SETLK, &all) < 0 ? errno : 0;
}

static void lock_outside(int (*call)(void))
{
	if (opened(out, O_RDWR) != 0 || call() != 0 || call() != 0)
		exit(1);
}

static int do_lock_renamed(void)
{
	lock_outside(lock);
	return rename(out, in) < 0 ? errno : lock();
}

/* By the name that is left, after what it had no more was locked in vain. */
static int do_lock_unlinked(void)
{
	char other[PATH_MAX + 8];

	snprintf(other, sizeof(other), "%s/y", inside);
	if (opened(out, O_RDWR) != 0 || link(out, other) < 0 || unlink(out) < 0)
		return errno;
	nanosleep(&settles, NULL);
	if (lock() != 0 || flock(fd, LOCK_UN) < 0)
		return errno;
	return opened(other, O_RDWR) ?: lock();
}

/* Closes the one, opens the other. */
static int reopen(void)
{
	int number = fd;

	close(fd);
	return opened(in, O_RDWR) == 0 && fd == number;
}

static int do_lock_reopened(void)
{
	lock_outside(lock);
	return reopen() ? lock() : -1;
}

static int do_set_reopened(void)
{
	lock_outside(set);
	return reopen() ? set() : -1;
}

static int do_lock_streamed(void)
{
	FILE *stream = fopen(out, "r+");

	fd = fileno(stream);
	lock();
	lock();
	fclose(stream);
	stream = fopen(in, "r+");
	return fileno(stream) == fd ? lock() : -1;
}

static int do_lock_copied(void)
{
	int other = open(in, O_RDWR | O_CLOEXEC);

	lock_outside(lock);
	if (dup2(other, fd) != fd || close(other) < 0)
		return -1;
	return lock();
}

static int do_lock_copied_f(void)
{
	int other = open(in, O_RDWR | O_CLOEXEC);

	lock_outside(lock);
	if (close_range((unsigned)fd, (unsigned)fd, 0) < 0 ||
	    fcntl(other, F_DUPFD, fd) != fd || close(other) < 0)
		return -1;
	return lock();
}

static int do_close(void)
{
	return close(fd) < 0 ? errno : 0;
}

int main(int argc, char **argv)
{
#define COMMAND(name) { #name, do_##name },
	static const struct command commands[] = { VICTIM_RECENT_COMMANDS(
		COMMAND){ NULL, NULL } };

	if (argc < 2)
		return 64;
	snprintf(in, sizeof(in), "%s/in/x", argv[1]);
	snprintf(out, sizeof(out), "%s/out/x", argv[1]);
	snprintf(here, sizeof(here), "%s/here", argv[1]);
	snprintf(inside, sizeof(inside), "%s/in", argv[1]);
	snprintf(outside, sizeof(outside), "%s/out", argv[1]);
	return argv[2] ? run_all(commands, argv + 2) : serve(commands);
}
