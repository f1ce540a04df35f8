/* SPDX-License-Identifier: MIT */
/* process.c - whose memory this is: a child that ran no fork handlers has a
 * copy of it and was told nothing.
 */
#include "config.h"

#include <errno.h>
#include <sys/mman.h>

#include "internal.h"

#define NO_ADVICE (-1)

/* The first word of a page that the kernel empties in every child that gets a
 * copy of our memory: asking it is free, and getpid() is a system call.  NULL:
 * this kernel has no such pages (they came with Linux 4.14). */
static _Atomic(atomic_int *) page;

static atomic_int process; /* without the page: its pid; 0: nobody's yet */

static atomic_int *map_page(void)
{
#ifdef MADV_WIPEONFORK
	size_t size = sizeof(atomic_int);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	/* An emulator may take every advice and follow none: also no one. */
	if (madvise(memory, size, NO_ADVICE) < 0 &&
	    madvise(memory, size, MADV_WIPEONFORK) == 0)
		return memory;
	munmap(memory, size);
#endif
	return NULL;
}

static void claim(atomic_int *memory)
{
	if (memory)
		atomic_store(memory, 1);
	else
		atomic_store(&process, pl_ops->getpid());
}

void pl_process_begin(void)
{
	int saved_errno = errno;
	atomic_int *memory = map_page();

	/* In this order: another thread that opens its first handle as well
	 * asks the page as soon as it is there. */
	claim(memory);
	atomic_store(&page, memory);
	errno = saved_errno;
}

void pl_process_claim(void)
{
	claim(atomic_load(&page));
}

bool pl_process_is_ours(void)
{
	atomic_int *memory = atomic_load(&page);
	int recorded;

	if (memory)
		return atomic_load_explicit(memory, memory_order_relaxed);
	recorded = atomic_load(&process);
	return recorded == 0 || recorded == pl_ops->getpid();
}
