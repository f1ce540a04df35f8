/* SPDX-License-Identifier: MIT */
/* memory.c - memory that is not malloc's: the program may have interrupted that
 * to call us from a signal handler, or have one of its own with locks that a
 * rule matches.  For the few blocks that the core asks for, pages will do.
 */
#include "config.h"

#include <stdint.h>
#include <sys/mman.h>

#include "shim/shim.h"

/* Before each block: how long the mapping is. */
union header {
	size_t size;
	max_align_t aligned;
};

void *shim_calloc(size_t count, size_t size)
{
	union header *header;

	if (__builtin_mul_overflow(count, size, &size) ||
	    __builtin_add_overflow(size, sizeof(*header), &size))
		return NULL;
	header = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (header == MAP_FAILED)
		return NULL;
	header->size = size;
	return header + 1;
}

void shim_free(void *memory)
{
	union header *header = memory;
	size_t size;

	if (!memory)
		return;
	header--;
	size = header->size;
	munmap(header, size);
}
