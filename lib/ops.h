/* SPDX-License-Identifier: MIT */
/* ops.h - the system as the core sees it: calls, helper processes, time. */
#ifndef PORTLOCK_OPS_H
#define PORTLOCK_OPS_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

/* ---- ops.c: the system calls of the core, in one table ---------------- */

/*
 * The one seam between the core and the system: tests put faults in, the shim
 * puts in the functions that it does not hook.  Members behave as the libc
 * functions of their names, errno included.
 */
struct pl_ops {
	int (*socket)(int domain, int type, int protocol);
	int (*bind)(int fd, const struct sockaddr *address, socklen_t length);
	int (*listen)(int fd, int backlog);
	int (*connect)(int fd, const struct sockaddr *address,
		       socklen_t length);
	int (*accept4)(int fd, struct sockaddr *address, socklen_t *length,
		       int flags);
	ssize_t (*sendmsg)(int fd, const struct msghdr *message, int flags);
	ssize_t (*recvmsg)(int fd, struct msghdr *message, int flags);
	int (*shutdown)(int fd, int how);
	int (*getsockopt)(int fd, int level, int name, void *value,
			  socklen_t *length);
	int (*setsockopt)(int fd, int level, int name, const void *value,
			  socklen_t length);
	int (*getsockname)(int fd, struct sockaddr *address, socklen_t *length);
	int (*getpeername)(int fd, struct sockaddr *address, socklen_t *length);
	int (*socketpair)(int domain, int type, int protocol, int fds[2]);
	int (*timerfd_create)(int clock, int flags);
	int (*timerfd_gettime)(int fd, struct itimerspec *left);
	int (*spawn)(const char *path, const int *fds, int count);
	int (*ppoll)(struct pollfd *fds, nfds_t count,
		     const struct timespec *timeout, const sigset_t *mask);
	int (*open)(const char *path, int flags);
	ssize_t (*read)(int fd, void *buffer, size_t size);
	int (*close)(int fd);
	int (*dup)(int fd);		       /* close-on-exec, any number */
	int (*set_status)(int fd, int status); /* F_SETFL */
	int (*futimens)(int fd, const struct timespec times[2]);
	int (*times)(int fd, struct timespec times[2]); /* as futimens has */
	uint64_t (*inode)(int fd);			/* 0: not known */
	int (*clock_gettime)(clockid_t clock, struct timespec *now);
	pid_t (*getpid)(void);
	uid_t (*geteuid)(void);
	void *(*calloc)(size_t count, size_t size);
	void (*free)(void *memory);
	const char *(*variable)(const char *name); /* as secure_getenv */
};

/* libc's functions, and the table in use (libc's unless replaced). */
extern const struct pl_ops pl_libc_ops;
extern const struct pl_ops *pl_ops;

/* What is written on sockets comes back only if nobody is in between:
 * libfaketime has times of its own. */
int pl_kernels_times(int fd, struct timespec times[2]);
int pl_kernels_futimens(int fd, const struct timespec times[2]);

/* ---- spawn.c: helper processes -------------------------------------------- */

/*
 * Starts the program with nothing but /dev/null as descriptors 0 to 2 and the
 * fds as 3 and so on (at most 8), without arguments or environment, in a
 * process that the caller's wait() does not find and whose end it is not told.
 * Returns when the program is loaded: 0 or the -errno of what failed.  errno
 * stays as it is.
 */
int pl_spawn(const char *path, const int *fds, int count);

/* ---- clock.c: deadlines ---------------------------------------------- */

#define PL_MSEC INT64_C(1000000)
#define PL_NEVER INT64_MAX

/* Nanoseconds of a clock. */
int64_t pl_now(clockid_t clock);

/*
 * The absolute CLOCK_MONOTONIC time in ns that lies timeout_ms ahead, PL_NEVER
 * when that is negative or beyond what 64 bits hold.
 */
int64_t pl_deadline_after(int64_t timeout_ms);

bool pl_expired(int64_t deadline);

/* ppoll() until the absolute deadline: its result, or -errno; _with: with that
 * signal mask. */
int pl_poll(struct pollfd *fds, nfds_t count, int64_t deadline);
int pl_poll_with(struct pollfd *fds, nfds_t count, int64_t deadline,
		 const sigset_t *mask);

#endif
