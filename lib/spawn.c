/* SPDX-License-Identifier: MIT */
/* spawn.c - starts a helper process that its host never notices.
 *
 * We live in programs that know nothing of us: a child of ours must not raise
 * SIGCHLD, nor be what their wait() returns, nor be left a zombie by them.  So
 * the helper is the child of a child that ends at once.  That one sends no
 * signal at its end, so only a wait that asks for such children (__WCLONE)
 * finds it: ours.  The orphan belongs to init, or to whatever process has
 * declared itself the reaper of orphans.
 *
 * As with vfork, both run on the memory of the calling thread, which is
 * suspended until the helper's program is loaded: no fork handlers run, and
 * nothing is copied.  All signals are blocked, as the host's handlers must not
 * run in them.  System calls are made directly, as the shim has functions of
 * libc's names.
 *
 * valgrind and qemu make a plain fork of that, whose parent goes on at once.  So
 * what is told from child to parent is in memory that forks share, too; and the
 * first child waits for the second by a pipe that loading a program closes.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

#define FIRST_FD 3  /* of the inherited */
#define SAFE_FD 20  /* above everything that is given out */
#define STACK 16384 /* of each of the two children */
#define FDS_WANTED 256

#ifdef SYS_fcntl64
#define KERNELS_FCNTL SYS_fcntl64
#else
#define KERNELS_FCNTL SYS_fcntl
#endif

/* The thread's own stack may be small. */
struct start {
	const char *path;
	const int *fds;
	int count;
	int error; /* of the child that failed, 0 none */
	_Alignas(16) char stacks[2][STACK];
};

/*
 * Sanitizers note in the host's memory which functions its thread is in and
 * what is on its stack, and these do not return.
 */
#define IN_CHILD __attribute__((no_sanitize("address", "thread")))

/*
 * libc's own clone(), where it has this name for it.  The thread sanitizer has
 * one in its place that takes every child for one with memory of its own.
 */
int __clone(int (*function)(void *), void *stack, int flags, void *argument,
	    ...) __attribute__((weak));

/* Stacks grow downwards, but on machines where nobody runs this. */
IN_CHILD static int start_child(int (*function)(void *), char *stack, int flags,
				struct start *start)
{
	flags |= CLONE_VM | CLONE_VFORK;
	return __clone ? __clone(function, stack + STACK, flags, start)
		       : clone(function, stack + STACK, flags, start);
}

IN_CHILD _Noreturn static void fail(struct start *start)
{
	start->error = errno ? -errno : -EIO;
	for (;;)
		syscall(SYS_exit, 127);
}

/* Raw numbers only: the shim hooks close() and dup2(). */
IN_CHILD static long move(int fd, int number)
{
	return syscall(SYS_dup3, fd, number, 0);
}

IN_CHILD static void close_from(unsigned first)
{
	struct rlimit limit;

	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
	/* Before Linux 5.9. */
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max > 1048576)
		limit.rlim_max = 1048576;
	for (unsigned fd = first; fd < limit.rlim_max; fd++)
		syscall(SYS_close, fd);
}

IN_CHILD static bool give_fds(const struct start *start)
{
	int null, copies[SAFE_FD];

	/* Up, before anything is put where it may be. */
	for (int i = 0; i < start->count; i++) {
		copies[i] = (int)syscall(KERNELS_FCNTL, start->fds[i], F_DUPFD,
					 SAFE_FD);
		if (copies[i] < 0) {
			errno = errno == EINVAL ? EMFILE : errno;
			return false;
		}
	}
	null = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR);
	if (null < 0)
		return false;
	for (int i = 0; i < FIRST_FD; i++)
		if (null != i && move(null, i) < 0)
			return false;
	for (int i = 0; i < start->count; i++)
		if (move(copies[i], FIRST_FD + i) < 0)
			return false;
	close_from((unsigned)(FIRST_FD + start->count));
	return true;
}

/* The host's limit may leave no room for a helper's descriptors. */
IN_CHILD static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur >= FDS_WANTED)
		return;
	limit.rlim_cur =
		limit.rlim_max < FDS_WANTED ? limit.rlim_max : FDS_WANTED;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * What the host ignores or blocks is not for the helper, nor are its terminal
 * and its folder; nor what its terminal has sent us all until now.  All signals
 * are blocked until the program says which it wants: one that comes while it is
 * started, for all processes of a service say, must not end it.  Without
 * libc's sigaction(): who stands in for it notes in the host's memory what the
 * host has.  What is all zero is SIG_DFL on every machine.
 */
IN_CHILD static void become_own(void)
{
	static const unsigned long standard[16];
	static const struct timespec at_once;
	sigset_t signals;

	syscall(SYS_setsid);
	sigfillset(&signals);
	while (syscall(SYS_rt_sigtimedwait, &signals, NULL, &at_once,
		       NSIG / 8) > 0)
		continue;
	for (int signal = 1; signal < NSIG; signal++)
		syscall(SYS_rt_sigaction, signal, standard, NULL, NSIG / 8);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &signals, NULL, NSIG / 8);
	syscall(SYS_chdir, "/");
}

/* The helper, until it is its program. */
IN_CHILD static int run(void *data)
{
	struct start *start = data;
	char *const arguments[] = { (char *)start->path, NULL };
	char *const environment[] = { NULL };

	errno = 0;
	become_own();
	syscall(SYS_execve, start->path, arguments, environment);
	fail(start);
}

/* Has the helper's descriptors, so the host needs no room for more. */
IN_CHILD static int run_parent(void *data)
{
	struct start *start = data;
	int ends[2];
	char none;

	errno = 0;
	raise_limit();
	if (!give_fds(start) || syscall(SYS_pipe2, ends, O_CLOEXEC) < 0 ||
	    start_child(run, start->stacks[1], SIGCHLD, start) < 0)
		fail(start);
	syscall(SYS_close, ends[1]);
	syscall(SYS_read, ends[0], &none, 1);
	syscall(SYS_exit, 0);
	return 0;
}

static void run_both(struct start *start)
{
	sigset_t all, mask;
	int child;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &mask);
	child = start_child(run_parent, start->stacks[0], 0, start);
	if (child < 0)
		start->error = -errno;
	else
		while (syscall(SYS_wait4, child, NULL, __WCLONE, NULL) < 0 &&
		       errno == EINTR)
			continue;
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

int pl_spawn(const char *path, const int *fds, int count)
{
	struct start *start;
	int saved = errno, error;

	start = mmap(NULL, sizeof(*start), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (start == MAP_FAILED) {
		error = -errno;
	} else {
		start->path = path;
		start->fds = fds;
		start->count = count;
		run_both(start);
		error = start->error;
		munmap(start, sizeof(*start));
	}
	errno = saved;
	return error;
}
