/* SPDX-License-Identifier: MIT */
/* semaphore_mark.c - what is noted on a semaphore: that it is a mutex, and whose.
 *
 * All processes that have it open must know two facts, and know them together:
 * that it is a mutex, and who took it under the shim.  They are one word in its
 * last four bytes, which libc zeroes and never uses.
 *
 * A free portlock says that its holder died, and nothing of the holders of
 * other portlocks.  Rules may give one semaphore several: by their keys, and
 * as each network namespace has its own of every key.  So "who" is a number
 * made of both.  That two of them have the same number by chance, one in 16
 * million, matters only where they use one semaphore.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "shim/semaphore.h"

#define MUTEX UINT32_C(0x50000000)
#define KIND UINT32_C(0xff000000)
#define HOLDER UINT32_C(0x00ffffff)
#define UNKNOWN HOLDER /* taken under the shim, but where? */

typedef _Atomic uint32_t mark;

/* libc uses 16 of 32 bytes, or 12 of 16. */
_Static_assert(sizeof(sem_t) == (sizeof(long) == 8 ? 32 : 16),
	       "unknown layout of sem_t");
_Static_assert(sizeof(mark) == 4, "the mark fills four bytes");

static mark *mark_of(sem_t *sem)
{
	return (mark *)((char *)sem + sizeof(*sem)) - 1;
}

bool semaphore_is_mutex(sem_t *sem)
{
	return (atomic_load(mark_of(sem)) & KIND) == MUTEX;
}

/*
 * A mutex is free (1) or, by the word of who would create it with 1, taken.
 * A plain 0 may be one that waits for its first event, more than 1 is a count.
 */
bool semaphore_judge(sem_t *sem, int initial)
{
	uint32_t none = 0;
	int value = -1;

	if (semaphore_is_mutex(sem))
		return true;
	REAL(sem_getvalue)(sem, &value);
	if (initial == 1 ? value != 0 && value != 1
			 : initial >= 0 || value != 1)
		return false;
	/* Another process may have been faster, and have taken it since. */
	atomic_compare_exchange_strong(mark_of(sem), &none, MUTEX);
	return semaphore_is_mutex(sem);
}

#ifdef SO_NETNS_COOKIE /* since Linux 5.14 */
static bool cookie_of(const struct pl_bundle *bundle, uint64_t *network)
{
	socklen_t size = sizeof(*network);
	int error;

	/* In a window, or the descriptor might move. */
	pl_window_open();
	error = pl_ops->getsockopt(bundle->gate, SOL_SOCKET, SO_NETNS_COOKIE,
				   network, &size);
	pl_window_close();
	return error == 0;
}
#else
#define cookie_of(bundle, network) false
#endif

/* The network namespace of the gate as a number; false: not to be known. */
static bool network_of(const struct pl_bundle *bundle, uint64_t *network)
{
	struct stat64 file;

	if (cookie_of(bundle, network))
		return true;
	/* That of the thread, which has just made the gate or been given it. */
	if (stat64("/proc/thread-self/ns/net", &file) < 0)
		return false;
	*network = file.st_ino;
	return true;
}

uint32_t semaphore_holder(const struct semaphore *semaphore)
{
	const struct portlock_lock *lock = &semaphore->lock;
	const char *name = lock->address.name;
	uint64_t facts[2] = { shim_hash(name, strlen(name)), 0 };
	int saved_errno = errno;
	bool known = network_of(&lock->bundle, &facts[1]);

	errno = saved_errno;
	return known ? 1 + shim_hash(facts, sizeof(facts)) % (UNKNOWN - 1)
		     : UNKNOWN;
}

void semaphore_set_taken(sem_t *sem, uint32_t holder)
{
	atomic_store(mark_of(sem), MUTEX | holder);
}

bool semaphore_is_taken(sem_t *sem)
{
	uint32_t word = atomic_load(mark_of(sem));

	return (word & KIND) == MUTEX && (word & HOLDER);
}

bool semaphore_is_taken_by(sem_t *sem, uint32_t holder)
{
	return holder != UNKNOWN &&
	       atomic_load(mark_of(sem)) == (MUTEX | holder);
}
