/* SPDX-License-Identifier: MIT */
/* hook_dl.c - libraries loaded with RTLD_DEEPBIND (PHP's extensions) would bind
 * past the shim: the flag is taken off where there are rules.  And what is known
 * of the mutexes of unloaded ones is forgotten.
 *
 * dlopen() looks at its return address to know whose RUNPATH, $ORIGIN and
 * namespace count.  The real one is tail-called, so that is still the program's
 * (except in a shim built by clang without optimisation).
 */
#include "config.h"

#include <dlfcn.h>

#include "shim/mutex.h"

#if defined(__GNUC__) && !defined(__clang__)
#define TAIL_CALLS __attribute__((optimize("O2")))
#else
#define TAIL_CALLS
#endif

static bool has_rules(void)
{
	for (int family = 0; family < SHIM_FAMILIES; family++)
		if (shim_family_has_rules((enum shim_family)family))
			return true;
	return false;
}

SHIM_HOOK TAIL_CALLS void *dlopen(const char *file, int mode)
{
	shim_dlopen_function *real = REAL(dlopen);

	if ((mode & RTLD_DEEPBIND) && has_rules())
		mode &= ~RTLD_DEEPBIND;
	return real(file, mode);
}

SHIM_HOOK int dlclose(void *handle)
{
	int result = REAL(dlclose)(handle);

	if (shim_family_has_rules(SHIM_MUTEX))
		mutex_forget_unloaded();
	return result;
}
