/* SPDX-License-Identifier: MIT */
/* guard.c - who is calling: the program or the shim, this process or a copy.
 *
 * A child of fork() runs our handlers and is a process of its own.  A child of
 * vfork() runs on its parent's memory, one of _Fork() or clone() on a copy that
 * nobody told: both are known by their pid and left alone.
 */
#include "config.h"

#include <pthread.h>
#include <unistd.h>

#include "shim/shim.h"

static __thread bool inside;
static _Atomic pid_t process;
static pthread_mutex_t tables = PTHREAD_MUTEX_INITIALIZER;

bool shim_same_process(void)
{
	pid_t pid = getpid(), none = 0;

	/* 0: the constructor of another library came first. */
	return atomic_load_explicit(&process, memory_order_relaxed) == pid ||
	       atomic_compare_exchange_strong(&process, &none, pid) ||
	       none == pid;
}

bool shim_enter(void)
{
	if (inside || !shim_same_process())
		return false;
	inside = true;
	return true;
}

void shim_leave(void)
{
	inside = false;
}

void shim_tables_lock(void)
{
	pthread_mutex_lock(&tables);
}

void shim_tables_unlock(void)
{
	pthread_mutex_unlock(&tables);
}

/* Fork handlers of others that run within ours find the tables locked: their
 * calls go straight to libc. */
static bool was_inside;

static void before_fork(void)
{
	shim_tables_lock();
	was_inside = inside;
	inside = true;
}

static void after_fork_in_parent(void)
{
	inside = was_inside;
	shim_tables_unlock();
}

static void after_fork_in_child(void)
{
	atomic_store(&process, getpid());
	after_fork_in_parent();
}

__attribute__((constructor)) static void watch_forks(void)
{
	shim_same_process();
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
