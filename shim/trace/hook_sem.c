/* SPDX-License-Identifier: MIT */
/* hook_sem.c - POSIX named semaphores, with their values. */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "shim/trace/trace.h"

#define SLOTS 256
#define NAME_ROOM 256

/* Which are open, and what they are called; those of sem_init() have no name
 * that others know.  A slot is taken once and kept for its address. */
static struct {
	_Atomic(sem_t *) sem;
	char name[NAME_ROOM];
} table[SLOTS];

static const char *name_of(const sem_t *sem)
{
	for (int i = 0; i < SLOTS && atomic_load(&table[i].sem); i++)
		if (atomic_load(&table[i].sem) == sem)
			return table[i].name[0] ? table[i].name : NULL;
	return NULL;
}

static void remember(sem_t *sem, const char *name)
{
	for (int i = 0; i < SLOTS; i++) {
		sem_t *none = NULL;

		if (atomic_compare_exchange_strong(&table[i].sem, &none, sem) ||
		    none == sem) {
			strncpy(table[i].name, name, NAME_ROOM - 1);
			return;
		}
	}
}

static void put_value(struct trace *trace, sem_t *sem)
{
	int value;

	if (REAL(sem_getvalue)(sem, &value) == 0)
		trace_number(trace, "value=", value);
}

SHIM_HOOK sem_t *sem_open(const char *name, int flags, ...)
{
	unsigned value = 0;
	struct trace trace;
	va_list arguments;
	mode_t mode = 0;
	bool traced;
	sem_t *sem;

	if (flags & O_CREAT) {
		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		value = va_arg(arguments, unsigned);
		va_end(arguments);
	}
	traced = trace_begin(&trace, "sem_open");
	sem = REAL(sem_open)(name, flags, mode, value);
	if (!traced)
		return sem;
	trace_result(&trace, name, sem == SEM_FAILED ? errno : 0);
	if (sem != SEM_FAILED) {
		remember(sem, name);
		put_value(&trace, sem);
	}
	trace_send(&trace);
	return sem;
}

/* For all that is done to one semaphore. */
#define TRACE_SEM(function, sem, waits, call)                                  \
	do {                                                                   \
		const char *name = name_of(sem);                               \
		struct trace trace;                                            \
		int result;                                                    \
		if (!name || !trace_begin(&trace, function))                   \
			return (call);                                         \
		if (waits)                                                     \
			trace_waits(&trace, name);                             \
		result = (call);                                               \
		trace_result(&trace, name, result < 0 ? errno : 0);            \
		put_value(&trace, sem);                                        \
		trace_send(&trace);                                            \
		return result;                                                 \
	} while (0)

SHIM_HOOK int sem_wait(sem_t *sem)
{
	TRACE_SEM("sem_wait", sem, true, REAL(sem_wait)(sem));
}

SHIM_HOOK int sem_trywait(sem_t *sem)
{
	TRACE_SEM("sem_trywait", sem, false, REAL(sem_trywait)(sem));
}

SHIM_HOOK int sem_timedwait(sem_t *sem, const struct timespec *until)
{
	TRACE_SEM("sem_timedwait", sem, true, REAL(sem_timedwait)(sem, until));
}

SHIM_HOOK int sem_clockwait(sem_t *sem, clockid_t clock,
			    const struct timespec *until)
{
	TRACE_SEM("sem_clockwait", sem, true,
		  REAL(sem_clockwait)(sem, clock, until));
}

SHIM_HOOK int sem_post(sem_t *sem)
{
	TRACE_SEM("sem_post", sem, false, REAL(sem_post)(sem));
}

SHIM_HOOK int sem_close(sem_t *sem)
{
	const char *name = name_of(sem);
	struct trace trace;
	int result;

	if (!name || !trace_begin(&trace, "sem_close"))
		return REAL(sem_close)(sem);
	result = REAL(sem_close)(sem);
	trace_result(&trace, name, result < 0 ? errno : 0);
	trace_send(&trace);
	return result;
}

/* The shim does not hook this one, so there is no REAL() for it. */
SHIM_HOOK int sem_unlink(const char *name)
{
	int (*next)(const char *);
	struct trace trace;
	bool traced;
	int result;

	*(void **)&next = dlsym(RTLD_NEXT, "sem_unlink");
	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	traced = trace_begin(&trace, "sem_unlink");
	result = next(name);
	if (!traced)
		return result;
	trace_result(&trace, name, result < 0 ? errno : 0);
	trace_send(&trace);
	return result;
}
