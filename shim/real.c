/* SPDX-License-Identifier: MIT */
/* real.c - finds libc's own versions of what the shim replaces.
 *
 * The constructor finds them all: dlsym() is not async-signal-safe and clears
 * what the program would get from dlerror(), so it should not run at the
 * program's first sem_post().  Constructors of other libraries run before ours
 * and call in here too: what they need is looked up when they need it.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#include "shim/shim.h"

/* An allocator may open files when dlsym() first makes it work; let that
 * happen, but not without end. */
#define MAX_DEPTH 4

#define SLOT_NAME(type, name, parameters) #name,
#define SLOT_IS_INT(type, name, parameters)                                    \
	__builtin_types_compatible_p(type, int),

static const char *const names[] = { SHIM_REAL_LIST(SLOT_NAME) };
static const bool is_int[] = { SHIM_REAL_LIST(SLOT_IS_INT) };

_Atomic(void *) shim_real_slots[SHIM_REALS];

static int missing_int(void)
{
	errno = ENOSYS;
	return -1;
}

static void *missing_pointer(void)
{
	errno = ENOSYS;
	return NULL;
}

static void *missing(enum shim_real number)
{
	return is_int[number] ? (void *)missing_int : (void *)missing_pointer;
}

void *shim_real_look_up(enum shim_real number)
{
	static __thread int depth;
	int error = errno;
	void *function;

	if (depth == MAX_DEPTH)
		return missing(number);
	depth++;
	function = dlsym(RTLD_NEXT, names[number]);
	depth--;
	if (!function)
		function = missing(number);
	atomic_store_explicit(&shim_real_slots[number], function,
			      memory_order_relaxed);
	errno = error;
	return function;
}

__attribute__((constructor)) static void look_up_all(void)
{
	int number;

	for (number = 0; number < SHIM_REALS; number++)
		shim_real(number);
}
