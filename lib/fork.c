/* SPDX-License-Identifier: MIT */
/* fork.c - windows in which fork() waits, so that a child finds every
 * descriptor of the core where it can close it.
 *
 * A pthread rwlock would do this, but release runs in signal handlers: a
 * handler may interrupt a window of its own thread and must then pass.
 */
#include "config.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

static atomic_int windows; /* that are open */
static atomic_int forking; /* a fork waits, or runs */

/* Windows of this thread, one in the other (a signal handler's), and 1 more
 * while it forks: other libraries' fork handlers may call in here.  volatile:
 * the order in which a handler sees it matters. */
static _Thread_local volatile unsigned depth;

static void wait_while(atomic_int *word, int value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake_all(atomic_int *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

static void leave(void)
{
	atomic_fetch_sub(&windows, 1);
	if (atomic_load(&forking))
		wake_all(&windows);
}

void pl_window_open(void)
{
	/* Inside another one of this thread: a fork waits for that anyway. */
	if (depth++ > 0) {
		atomic_fetch_add(&windows, 1);
		return;
	}
	/* Announce, then look: the forking thread sets its flag, then counts,
	 * so one of the two sees the other. */
	for (;;) {
		atomic_fetch_add(&windows, 1);
		if (!atomic_load(&forking))
			return;
		leave();
		/* A signal handler that runs now must wait as well. */
		depth = 0;
		wait_while(&forking, 1);
		depth = 1;
	}
}

void pl_window_close(void)
{
	/* In this order: a handler that saw no window, while a fork waited for
	 * ours, would wait for that fork. */
	leave();
	depth--;
}

void pl_windows_stop(void)
{
	/* A fork in a signal handler that interrupted a window of this very
	 * thread cannot wait for it. */
	int own = (int)depth++;
	int open;

	atomic_store(&forking, 1);
	while ((open = atomic_load(&windows)) > own)
		wait_while(&windows, open);
}

void pl_windows_resume(void)
{
	depth--;
	atomic_store(&forking, 0);
	wake_all(&forking);
}

void pl_windows_reset(void)
{
	atomic_store(&windows, (int)depth);
	atomic_store(&forking, 0);
}

uint64_t pl_thread(void)
{
	static _Atomic uint64_t last;
	static _Thread_local uint64_t self;

	if (self == 0)
		self = atomic_fetch_add(&last, 1) + 1;
	return self;
}
