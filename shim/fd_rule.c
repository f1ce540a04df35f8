/* SPDX-License-Identifier: MIT */
/* fd_rule.c - the rule for an open file, by where the file really is.
 *
 * A verdict is remembered for a device, an inode number and a time of change
 * (ctime).  To give a file another name is a change, and so is to make a new
 * file with an old number.  The time of the kernel is a coarse one, though: a
 * second change may come at the same time as the first.  So the verdict on a
 * file that changed just now is not remembered, and not one on a file with
 * several names, which each lead to it without any change; nor one by a name
 * that it had, of a file that has another.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shim/fd_rule.h"
#include "shim/path.h"
#include "shim/recent.h"

#define SLOTS 4096

/* The files of no concern: each has one place, where the last one counts. */
static _Atomic uint64_t in_vain[SLOTS];

/* fstat(), but not that of another library which is preloaded, as fakeroot
 * has one that asks its daemon; and a little cheaper. */
static int look_at(int fd, struct stat64 *about)
{
#if defined(SYS_fstat) && defined(__LP64__)
	return (int)syscall(SYS_fstat, fd, about);
#else
	return fstat64(fd, about);
#endif
}

static uint64_t number_of(enum shim_family family, uint64_t salt,
			  const struct stat64 *about)
{
	const uint64_t facts[] = {
		family,
		salt,
		about->st_dev,
		about->st_ino,
		(uint64_t)about->st_ctim.tv_sec,
		(uint64_t)about->st_ctim.tv_nsec,
	};
	uint64_t number = 0;

	/* As shim_hash(), by words. */
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		number = (number ^ facts[i]) * UINT64_C(0x9e3779b97f4a7c15);
		number ^= number >> 32;
	}
	return number;
}

/* Whether a change from now on would show. */
static bool is_settled(const struct stat64 *about)
{
	const struct timespec *changed = &about->st_ctim;
	struct timespec now;

	/* The clock that such times are taken from. */
	pl_ops->clock_gettime(CLOCK_REALTIME_COARSE, &now);
	/* There are file systems with whole, and with even, seconds only. */
	if (changed->tv_nsec == 0)
		return now.tv_sec > changed->tv_sec + 2;
	return now.tv_sec > changed->tv_sec || (now.tv_sec == changed->tv_sec &&
						now.tv_nsec > changed->tv_nsec);
}

bool fd_look(enum shim_family family, int fd, uint64_t salt,
	     struct fd_look *look)
{
	int error = errno;

	if (look_at(fd, &look->about) < 0) {
		errno = error;
		return false;
	}
	if (!S_ISREG(look->about.st_mode) &&
	    !(family == SHIM_FLOCK && S_ISDIR(look->about.st_mode)))
		return false;
	look->verdict = number_of(family, salt, &look->about);
	if (atomic_load_explicit(&in_vain[look->verdict % SLOTS],
				 memory_order_relaxed) == look->verdict &&
	    look->verdict != 0)
		return false;
	/* Before its path is asked for. */
	if (!is_settled(&look->about) ||
	    (S_ISREG(look->about.st_mode) && look->about.st_nlink > 1))
		look->verdict = 0;
	return true;
}

void fd_look_in_vain(const struct fd_look *look)
{
	if (look->verdict)
		atomic_store_explicit(&in_vain[look->verdict % SLOTS],
				      look->verdict, memory_order_relaxed);
}

bool fd_path(int fd, struct fd_look *look, char path[PATH_MAX])
{
	static const char deleted[] = " (deleted)";
	const size_t size = strlen(deleted);
	int error = errno;
	bool found = path_of_fd(fd, path);
	size_t length = found ? strlen(path) : 0;
	struct stat64 there;

	/* A file may have such a name. */
	if (path_ends_with(path, length, deleted, size) &&
	    (lstat64(path, &there) < 0 || there.st_ino != look->about.st_ino ||
	     there.st_dev != look->about.st_dev)) {
		path[length - size] = '\0';
		if (look->about.st_nlink > 0)
			look->verdict = 0;
	}
	errno = error;
	return found;
}

const struct shim_rule *fd_rule(enum shim_family family, int fd,
				char path[PATH_MAX])
{
	const struct shim_rule *rule;
	struct fd_look look = { .verdict = 0 };
	uint64_t moment;

	if (!shim_family_has_rules(family))
		return NULL;
	moment = recent_fd(family, fd);
	if (recent_has(moment))
		return NULL;
	if (fd_look(family, fd, 0, &look)) {
		if (!fd_path(fd, &look, path))
			return NULL;
		rule = shim_rule_find(family, path);
		if (rule)
			return rule;
		fd_look_in_vain(&look);
	}
	/* Directories are closed by closedir(), unseen. */
	if (S_ISREG(look.about.st_mode))
		recent_note(moment);
	return NULL;
}
