/* SPDX-License-Identifier: MIT */
/* hook_mutex.c - pthread mutexes: counted, as programs lock them millions of
 * times, and told at the process's end.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "shim/mutex.h"
#include "shim/trace/trace.h"

#define SLOTS 1024
#define PROBES 16

int __pthread_mutex_lock(pthread_mutex_t *mutex);
int __pthread_mutex_trylock(pthread_mutex_t *mutex);

static struct {
	_Atomic(pthread_mutex_t *) mutex;
	atomic_ulong locked, busy;
} table[SLOTS];

/* Whose memory this is: a child of vfork() has its parent's. */
static pid_t owner;

/* By another thread, as far as libc tells. */
static bool is_taken(pthread_mutex_t *mutex)
{
#ifdef __GLIBC__
	return __atomic_load_n(&mutex->__data.__lock, __ATOMIC_RELAXED) != 0 &&
	       mutex->__data.__owner != gettid();
#else
	(void)mutex;
	return false;
#endif
}

/* Those for which there is no room are not told. */
static int count(pthread_mutex_t *mutex, bool busy, int result)
{
	unsigned slot = (unsigned)((uintptr_t)mutex >> 3);

	for (int probe = 0; probe < PROBES; probe++, slot++) {
		_Atomic(pthread_mutex_t *) *at = &table[slot % SLOTS].mutex;
		pthread_mutex_t *found = atomic_load(at);

		if (!found && atomic_compare_exchange_strong(at, &found, mutex))
			found = mutex;
		if (found != mutex)
			continue;
		atomic_fetch_add(&table[slot % SLOTS].locked, result == 0);
		atomic_fetch_add(&table[slot % SLOTS].busy,
				 busy || result == EBUSY);
		break;
	}
	return result;
}

SHIM_HOOK int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	bool busy = is_taken(mutex);

	return count(mutex, busy, REAL(pthread_mutex_lock)(mutex));
}

SHIM_HOOK int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	return count(mutex, false, REAL(pthread_mutex_trylock)(mutex));
}

SHIM_HOOK int pthread_mutex_timedlock(pthread_mutex_t *mutex,
				      const struct timespec *until)
{
	bool busy = is_taken(mutex);

	return count(mutex, busy, REAL(pthread_mutex_timedlock)(mutex, until));
}

SHIM_HOOK int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
				      const struct timespec *until)
{
	bool busy = is_taken(mutex);

	return count(mutex, busy,
		     REAL(pthread_mutex_clocklock)(mutex, clock, until));
}

SHIM_HOOK int __pthread_mutex_lock(pthread_mutex_t *mutex)
{
	return pthread_mutex_lock(mutex);
}

SHIM_HOOK int __pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	return pthread_mutex_trylock(mutex);
}

/* A child tells its own. */
static void forget(void)
{
	owner = getpid();
	for (int i = 0; i < SLOTS; i++) {
		atomic_store(&table[i].locked, 0);
		atomic_store(&table[i].busy, 0);
	}
}

__attribute__((constructor)) static void start(void)
{
	owner = getpid();
	pthread_atfork(NULL, NULL, forget);
}

/* In a static place: it is too much for some stacks. */
static const char *name_of(const pthread_mutex_t *mutex)
{
	static struct mutex_names names;
	struct mutex_module module;

	if (!mutex_module_of(mutex, &module) ||
	    !mutex_names_of(mutex, &module, &names))
		return NULL;
	return names.symbol[0] ? names.symbol : names.offset;
}

void trace_mutexes(void)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;
	struct trace trace;

	if (getpid() != owner || !trace_begin(&trace, "mutex") ||
	    atomic_flag_test_and_set(&told))
		return;
	for (int i = 0; i < SLOTS; i++) {
		pthread_mutex_t *mutex = atomic_load(&table[i].mutex);
		const char *name = mutex ? name_of(mutex) : NULL;

		/* Those of the shim are no matter of the program. */
		if (!name || strstr(name, "/portlock-shim.so") ||
		    atomic_load(&table[i].locked) == 0)
			continue;
		trace_result(&trace, name, 0);
		trace_number(&trace,
			     "locked=", (int64_t)atomic_load(&table[i].locked));
		trace_number(&trace,
			     "busy=", (int64_t)atomic_load(&table[i].busy));
		trace_send(&trace);
	}
}
