/* SPDX-License-Identifier: MIT */
/* filelock.c - locks on a file that is kept open. */
#include "config.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "bench/calls.h"
#include "bench/calls/checked.h"

static int fd;

static void open_for_locks(const char *name)
{
	(void)name;
	fd = checked(open("file", O_RDWR | O_CLOEXEC), "open");
}

static void flock_file(void)
{
	checked(flock(fd, LOCK_EX), "flock");
}

static void unflock_file(void)
{
	checked(flock(fd, LOCK_UN), "flock");
}

static void set_range(short type)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET };

	checked(fcntl(fd, F_SETLK, &range), "fcntl");
}

static void lock_range(void)
{
	set_range(F_WRLCK);
}

static void unlock_range(void)
{
	set_range(F_UNLCK);
}

static void get_flags(void)
{
	checked(fcntl(fd, F_GETFD), "fcntl");
}

const struct call call_flock = {
	.name = "flock",
	.family = "flock",
	.matched = "*",
	.unmatched = "flock */none/*.lock\nflock */none/file",
	.locks = true,
	.begin = open_for_locks,
	.take = flock_file,
	.give = unflock_file,
};

const struct call call_fcntl = {
	.name = "fcntl",
	.family = "fcntl",
	.matched = "*",
	.unmatched = "fcntl */none/*.lock\nfcntl */none/file",
	.locks = true,
	.begin = open_for_locks,
	.take = lock_range,
	.give = unlock_range,
};

/* Nothing that a lock needs, and no opposite: twice, as bars are for two. */
const struct call call_fcntl_other = {
	.name = "fcntl-other",
	.family = "fcntl",
	.matched = "*",
	.unmatched = "fcntl */none/*.lock\nfcntl */none/file",
	.begin = open_for_locks,
	.take = get_flags,
	.give = get_flags,
};
