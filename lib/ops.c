/* SPDX-License-Identifier: MIT */
/* ops.c - the system calls of the core, in one table. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "internal.h"

/* The variadic open(), in the form in which the core needs it. */
static int open_existing(const char *path, int flags)
{
	return open(path, flags);
}

static int duplicate(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static int set_status(int fd, int status)
{
	return fcntl(fd, F_SETFL, status);
}

/* Where there is no statx(2). */
static int libcs_times(int fd, struct timespec times[2])
{
	struct stat about;

	if (fstat(fd, &about) < 0)
		return -1;
	times[0] = about.st_atim;
	times[1] = about.st_mtim;
	return 0;
}

int pl_kernels_times(int fd, struct timespec times[2])
{
	struct statx about;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_ATIME | STATX_MTIME,
		    &about) < 0)
		return libcs_times(fd, times);
	times[0].tv_sec = (time_t)about.stx_atime.tv_sec;
	times[0].tv_nsec = about.stx_atime.tv_nsec;
	times[1].tv_sec = (time_t)about.stx_mtime.tv_sec;
	times[1].tv_nsec = about.stx_mtime.tv_nsec;
	return 0;
}

int pl_kernels_futimens(int fd, const struct timespec times[2])
{
	return (int)syscall(SYS_utimensat, fd, NULL, times, 0);
}

static uint64_t inode(int fd)
{
	struct statx about;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO, &about) < 0)
		return 0;
	return about.stx_ino;
}

static const char *variable(const char *name)
{
	return secure_getenv(name);
}

const struct pl_ops pl_libc_ops = {
	.socket = socket,
	.bind = bind,
	.listen = listen,
	.connect = connect,
	.accept4 = accept4,
	.sendmsg = sendmsg,
	.recvmsg = recvmsg,
	.shutdown = shutdown,
	.getsockopt = getsockopt,
	.setsockopt = setsockopt,
	.getsockname = getsockname,
	.getpeername = getpeername,
	.socketpair = socketpair,
	.timerfd_create = timerfd_create,
	.timerfd_gettime = timerfd_gettime,
	.spawn = pl_spawn,
	.ppoll = ppoll,
	.open = open_existing,
	.read = read,
	.close = close,
	.dup = duplicate,
	.set_status = set_status,
	.futimens = pl_kernels_futimens,
	.times = pl_kernels_times,
	.inode = inode,
	.clock_gettime = clock_gettime,
	.getpid = getpid,
	.geteuid = geteuid,
	.calloc = calloc,
	.free = free,
	.variable = variable,
};

const struct pl_ops *pl_ops = &pl_libc_ops;
