/* SPDX-License-Identifier: MIT */
/* hook_sem.c - the entry points of the family sem. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

#include "shim/semaphore.h"

/* What the call is about, if it is for us; then shim_leave() must follow. */
static struct semaphore *enter(const sem_t *sem)
{
	struct semaphore *semaphore = semaphore_find(sem);

	return semaphore && shim_enter() ? semaphore : NULL;
}

SHIM_HOOK sem_t *sem_open(const char *name, int flags, ...)
{
	unsigned value = 0;
	mode_t mode = 0;
	va_list arguments;
	sem_t *sem;
	int saved_errno;

	if (flags & O_CREAT) {
		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		value = va_arg(arguments, unsigned);
		va_end(arguments);
	}
	sem = REAL(sem_open)(name, flags, mode, value);
	if (sem == SEM_FAILED || !shim_family_has_rules(SHIM_SEM) ||
	    !shim_enter())
		return sem;
	saved_errno = errno;
	if (!semaphore_opened(sem, name, flags & O_CREAT ? (int)value : -1)) {
		REAL(sem_close)(sem);
		sem = SEM_FAILED;
		saved_errno = ENOMEM;
	}
	errno = saved_errno;
	shim_leave();
	return sem;
}

SHIM_HOOK int sem_close(sem_t *sem)
{
	struct semaphore *semaphore = enter(sem);
	int result;

	if (!semaphore)
		return REAL(sem_close)(sem);
	result = semaphore_close(semaphore);
	shim_leave();
	return result;
}

static int acquire(struct semaphore *semaphore,
		   const struct semaphore_wait *wait)
{
	int result = semaphore_acquire(semaphore, wait);

	shim_leave();
	return result;
}

SHIM_HOOK int sem_wait(sem_t *sem)
{
	struct semaphore *semaphore = enter(sem);

	if (!semaphore)
		return REAL(sem_wait)(sem);
	return acquire(semaphore, &(struct semaphore_wait){ .until = NULL });
}

SHIM_HOOK int sem_trywait(sem_t *sem)
{
	struct semaphore *semaphore = enter(sem);

	if (!semaphore)
		return REAL(sem_trywait)(sem);
	return acquire(semaphore, &(struct semaphore_wait){ .never = true });
}

SHIM_HOOK int sem_timedwait(sem_t *sem, const struct timespec *until)
{
	struct semaphore *semaphore = enter(sem);

	if (!semaphore)
		return REAL(sem_timedwait)(sem, until);
	return acquire(semaphore,
		       &(struct semaphore_wait){ .clock = CLOCK_REALTIME,
						 .until = until });
}

SHIM_HOOK int sem_clockwait(sem_t *sem, clockid_t clock,
			    const struct timespec *until)
{
	struct semaphore *semaphore = enter(sem);

	if (!semaphore)
		return REAL(sem_clockwait)(sem, clock, until);
	return acquire(semaphore, &(struct semaphore_wait){ .clock = clock,
							    .until = until });
}

/* May run in a signal handler that interrupts the shim: it needs no guard. */
SHIM_HOOK int sem_post(sem_t *sem)
{
	struct semaphore *semaphore = semaphore_find(sem);

	return semaphore ? semaphore_post(semaphore) : REAL(sem_post)(sem);
}

SHIM_HOOK int sem_getvalue(sem_t *sem, int *value)
{
	struct semaphore *semaphore = enter(sem);
	int result;

	if (!semaphore)
		return REAL(sem_getvalue)(sem, value);
	result = semaphore_getvalue(semaphore, value);
	shim_leave();
	return result;
}
