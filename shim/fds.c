/* SPDX-License-Identifier: MIT */
/* fds.c - the core's descriptors, out of the way of the program's.
 *
 * They live just below the limit of descriptors, where scripts (3 to 9), shells
 * (10 to 255) and loops to 1024 do not reach, but not higher than CEILING: the
 * kernel's table of a process grows with its highest descriptor, and every fork
 * copies it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "shim/shim.h"

#define CEILING 4096
#define KNOWN_FDS 65536 /* higher ones are not protected */
#define BITS 64
#define BELOW 8 /* places for shim_fd_below() */

#ifdef SYS_geteuid32
#define KERNELS_GETEUID SYS_geteuid32
#else
#define KERNELS_GETEUID SYS_geteuid
#endif

static _Atomic uint64_t known[KNOWN_FDS / BITS];
static atomic_int top; /* no descriptor from here on was ever known */

static uint64_t bit_of(int fd)
{
	return UINT64_C(1) << (unsigned)fd % BITS;
}

bool shim_fd_is_ours(int fd)
{
	return fd >= 0 &&
	       fd < atomic_load_explicit(&top, memory_order_relaxed) &&
	       (atomic_load_explicit(&known[fd / BITS], memory_order_relaxed) &
		bit_of(fd)) != 0;
}

int shim_fd_next(unsigned from, unsigned last)
{
	unsigned fd = from, end = (unsigned)atomic_load(&top);

	while (fd <= last && fd < end) {
		uint64_t word = atomic_load(&known[fd / BITS]) >> fd % BITS;

		if (word & 1)
			return (int)fd;
		/* To the next one of this word, or to the next word. */
		fd += word ? (unsigned)__builtin_ctzll(word) : BITS - fd % BITS;
	}
	return -1;
}

static int note(int fd)
{
	int seen = atomic_load(&top);

	if (fd < 0 || fd >= KNOWN_FDS)
		return fd;
	atomic_fetch_or(&known[fd / BITS], bit_of(fd));
	while (seen <= fd && !atomic_compare_exchange_weak(&top, &seen, fd + 1))
		continue;
	return fd;
}

static int ask_ceiling(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < CEILING
		       ? (int)limit.rlim_cur
		       : CEILING;
}

static int copy_below(int fd, int ceiling)
{
	int copy = -1;

	for (int down = ceiling / 16 + 1; copy < 0 && down < ceiling; down *= 2)
		copy = REAL(fcntl)(fd, F_DUPFD_CLOEXEC, ceiling - down);
	return copy;
}

/* A copy of fd just below the limit, or -1.  The program may have lowered the
 * limit since we asked; there is no room then. */
static int copy_high(int fd)
{
	static atomic_int asked; /* 0: not yet */
	int ceiling = atomic_load_explicit(&asked, memory_order_relaxed);
	int copy = copy_below(fd, ceiling);

	if (copy >= 0)
		return copy;
	atomic_store(&asked, ceiling = ask_ceiling());
	return copy_below(fd, ceiling);
}

/* Moves a fresh descriptor up and notes it; where there is no room above, it
 * keeps its number. */
static int keep(int fd)
{
	int copy;

	if (fd < 0)
		return fd;
	copy = copy_high(fd);
	if (copy >= 0)
		REAL(close)(fd);
	return note(copy >= 0 ? copy : fd);
}

static int high_socketpair(int domain, int type, int protocol, int fds[2])
{
	if (socketpair(domain, type, protocol, fds) < 0)
		return -1;
	fds[0] = keep(fds[0]);
	fds[1] = keep(fds[1]);
	return 0;
}

static int high_timer(int clock, int flags)
{
	return keep(timerfd_create(clock, flags));
}

static int high_socket(int domain, int type, int protocol)
{
	return keep(socket(domain, type, protocol));
}

bool shim_fd_pair(int fds[2])
{
	int error = errno, pair[2];
	bool made;

	made = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0;
	if (made) {
		fds[0] = keep(pair[0]);
		fds[1] = keep(pair[1]);
	}
	errno = error;
	return made;
}

static int forget_and_close(int fd)
{
	/* In this order: the number may be the program's right after. */
	if (fd >= 0 && fd < KNOWN_FDS)
		atomic_fetch_and(&known[fd / BITS], ~bit_of(fd));
	return REAL(close)(fd);
}

int shim_fd_below(int fd)
{
	int first = ask_ceiling() / 16 * 15 - 1, copy = -1;

	if (first > BELOW)
		copy = REAL(fcntl)(fd, F_DUPFD_CLOEXEC, first - BELOW);
	if (copy < 0)
		return fd;
	if (copy >= first) {
		REAL(close)(copy);
		return fd;
	}
	forget_and_close(fd);
	return note(copy);
}

static int high_accept(int fd, struct sockaddr *address, socklen_t *length,
		       int flags)
{
	return keep(accept4(fd, address, length, flags));
}

static ssize_t high_recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t size = recvmsg(fd, message, flags);
	struct cmsghdr *part;

	if (size < 0)
		return size;
	for (part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR(message, part)) {
		int *fds = (int *)CMSG_DATA(part);
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(*fds);

		if (part->cmsg_level != SOL_SOCKET ||
		    part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++)
			fds[i] = keep(fds[i]);
	}
	return size;
}

static int high_dup(int fd)
{
	int copy = copy_high(fd);

	return note(copy >= 0 ? copy : REAL(fcntl)(fd, F_DUPFD_CLOEXEC, 0));
}

static int plain_open(const char *path, int flags)
{
	return REAL(open)(path, flags);
}

/* fakeroot shows the program another one than other processes see. */
static uid_t kernels_user(void)
{
	return (uid_t)syscall(KERNELS_GETEUID);
}

static int set_status(int fd, int status)
{
	return REAL(fcntl)(fd, F_SETFL, status);
}

/* Others that are preloaded, such as fakeroot, look at files for themselves. */
static uint64_t kernels_inode(int fd)
{
	struct statx about;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO, &about) < 0)
		return 0;
	return about.stx_ino;
}

const struct pl_ops shim_ops = {
	.socket = high_socket,
	.bind = bind,
	.listen = listen,
	.connect = connect,
	.accept4 = high_accept,
	.sendmsg = sendmsg,
	.recvmsg = high_recvmsg,
	.shutdown = shutdown,
	.getsockopt = getsockopt,
	.setsockopt = setsockopt,
	.getsockname = getsockname,
	.getpeername = getpeername,
	.socketpair = high_socketpair,
	.timerfd_create = high_timer,
	.timerfd_gettime = timerfd_gettime,
	.spawn = pl_spawn,
	.ppoll = shim_ppoll,
	.open = plain_open,
	.read = read,
	.close = forget_and_close,
	.dup = high_dup,
	.set_status = set_status,
	.futimens = pl_kernels_futimens,
	.times = pl_kernels_times,
	.inode = kernels_inode,
	.clock_gettime = shim_clock_gettime,
	.getpid = getpid,
	.geteuid = kernels_user,
	.calloc = shim_calloc,
	.free = shim_free,
	.variable = shim_variable,
};

/* Whatever asks for the time before the first handle is made. */
__attribute__((constructor)) static void use_them(void)
{
	pl_ops = &shim_ops;
}
