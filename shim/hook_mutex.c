/* SPDX-License-Identifier: MIT */
/* hook_mutex.c - the entry points of the family mutex. */
#include "config.h"

#include <dlfcn.h>
#include <link.h>

#include "shim/mutex.h"

/*
 * Who stands before us and hooks pthread_cond_wait() as well (a program with
 * clang's ThreadSanitizer, another preload) asks libc for a version of it and
 * so passes us by, but not for pthread_mutex_lock().  A thread would sleep with
 * the portlock: then there had better be none.
 */
static bool is_passed_by;

static bool is_ours(const char *name)
{
	const ElfW(Sym) *symbol = NULL;
	Dl_info found, own;

	if (!dladdr(&is_passed_by, &own) ||
	    !dladdr1(dlsym(RTLD_DEFAULT, name), &found, (void **)&symbol,
		     RTLD_DL_SYMENT))
		return false;
	/* A program that cannot be moved may have a stub that leads to us. */
	return found.dli_fbase == own.dli_fbase ||
	       (symbol && symbol->st_shndx == SHN_UNDEF);
}

__attribute__((constructor)) static void look_who_is_first(void)
{
	if (!shim_family_has_rules(SHIM_MUTEX))
		return;
	is_passed_by = !is_ours("pthread_cond_wait") ||
		       !is_ours("pthread_cond_timedwait") ||
		       !is_ours("pthread_cond_clockwait");
	if (is_passed_by)
		shim_log(SHIM_MUTEX, "all pass through",
			 "another library has pthread_cond_wait");
}

/* What the call is about, if it is for us; then shim_leave() must follow. */
static inline struct mutex *enter(pthread_mutex_t *real)
{
	struct mutex *mutex;

	if (!shim_family_has_rules(SHIM_MUTEX) || is_passed_by)
		return NULL;
	mutex = mutex_judge(real);
	return mutex && shim_enter() ? mutex : NULL;
}

static int lock(struct mutex *mutex, const struct mutex_wait *wait)
{
	int result = mutex_lock(mutex, wait);

	shim_leave();
	return result;
}

SHIM_HOOK int pthread_mutex_lock(pthread_mutex_t *real)
{
	struct mutex *mutex = enter(real);

	if (!mutex)
		return REAL(pthread_mutex_lock)(real);
	return lock(mutex, &(struct mutex_wait){ .until = NULL });
}

SHIM_HOOK int pthread_mutex_trylock(pthread_mutex_t *real)
{
	struct mutex *mutex = enter(real);

	if (!mutex)
		return REAL(pthread_mutex_trylock)(real);
	return lock(mutex, &(struct mutex_wait){ .never = true });
}

SHIM_HOOK int pthread_mutex_timedlock(pthread_mutex_t *real,
				      const struct timespec *until)
{
	struct mutex *mutex = enter(real);

	if (!mutex)
		return REAL(pthread_mutex_timedlock)(real, until);
	return lock(mutex, &(struct mutex_wait){ .clock = CLOCK_REALTIME,
						 .until = until });
}

SHIM_HOOK int pthread_mutex_clocklock(pthread_mutex_t *real, clockid_t clock,
				      const struct timespec *until)
{
	/* Other clocks are libc's to refuse. */
	bool is_known = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
	struct mutex *mutex = is_known ? enter(real) : NULL;

	if (!mutex)
		return REAL(pthread_mutex_clocklock)(real, clock, until);
	return lock(mutex,
		    &(struct mutex_wait){ .clock = clock, .until = until });
}

/* One that was locked with a portlock, in this process. */
static inline struct mutex *find(pthread_mutex_t *real)
{
	struct mutex *mutex;

	if (!shim_family_has_rules(SHIM_MUTEX))
		return NULL;
	mutex = mutex_find(real);
	return mutex && shim_same_process() ? mutex : NULL;
}

SHIM_HOOK int pthread_mutex_unlock(pthread_mutex_t *real)
{
	struct mutex *mutex = find(real);

	return mutex ? mutex_unlock(mutex) : REAL(pthread_mutex_unlock)(real);
}

/* Programs that were linked long ago use these names. */

SHIM_HOOK int __pthread_mutex_lock(pthread_mutex_t *real)
{
	return pthread_mutex_lock(real);
}

SHIM_HOOK int __pthread_mutex_trylock(pthread_mutex_t *real)
{
	return pthread_mutex_trylock(real);
}

SHIM_HOOK int __pthread_mutex_unlock(pthread_mutex_t *real)
{
	return pthread_mutex_unlock(real);
}

/* libc has older versions of the first two, for conditions of another make,
 * which only programs from before NPTL (2003) ask for: they cannot be told
 * apart here, and do not run under the shim. */

SHIM_HOOK int pthread_cond_wait(pthread_cond_t *condition,
				pthread_mutex_t *real)
{
	struct mutex *mutex = find(real);

	if (!mutex)
		return REAL(pthread_cond_wait)(condition, real);
	return mutex_sleep(mutex, condition,
			   &(struct mutex_wait){ .until = NULL });
}

SHIM_HOOK int pthread_cond_timedwait(pthread_cond_t *condition,
				     pthread_mutex_t *real,
				     const struct timespec *until)
{
	struct mutex *mutex = find(real);

	if (!mutex)
		return REAL(pthread_cond_timedwait)(condition, real, until);
	return mutex_sleep(
		mutex, condition,
		&(struct mutex_wait){ .clock = MUTEX_CLOCK_OF_CONDITION,
				      .until = until });
}

SHIM_HOOK int pthread_cond_clockwait(pthread_cond_t *condition,
				     pthread_mutex_t *real, clockid_t clock,
				     const struct timespec *until)
{
	struct mutex *mutex = find(real);

	if (!mutex)
		return REAL(pthread_cond_clockwait)(condition, real, clock,
						    until);
	return mutex_sleep(
		mutex, condition,
		&(struct mutex_wait){ .clock = clock, .until = until });
}
