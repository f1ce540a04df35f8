/* SPDX-License-Identifier: MIT */
/* secret.c - memory that may have secrets in it. */
#include "config.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "lib/etcd/secret.h"

void secret_free(void *memory)
{
	if (memory)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

/* realloc() itself would leave the old place as it is. */
void *secret_realloc(void *memory, size_t size)
{
	size_t room = memory ? malloc_usable_size(memory) : 0;
	void *more;

	if (room >= size && size > 0)
		return memory;
	more = malloc(size > 0 ? size : 1);
	if (!more)
		return NULL;
	if (room > 0)
		memcpy(more, memory, room < size ? room : size);
	secret_free(memory);
	return more;
}
