/* SPDX-License-Identifier: MIT */
/* hook_time64.c - the second names of 32-bit libcs.
 *
 * A program with _TIME_BITS=64 has other entry points there, with a time of 64
 * bits.  Where a rule may match, the time becomes one of 32 bits: a deadline
 * after January 2038 is one in January 2038.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <stdarg.h>
#include <string.h>

#include "shim/mutex.h"
#include "shim/recent.h"
#include "shim/semaphore.h"
#include "shim/sysvsem.h"

/* No header of libc declares these without _TIME_BITS=64. */
/* clang-format off */
int __fcntl_time64(int fd, int command, ...);
int __sem_timedwait64(sem_t *sem, const struct shim_time64 *until);
int __sem_clockwait64(sem_t *sem, clockid_t clock,
		      const struct shim_time64 *until);
int __pthread_mutex_timedlock64(pthread_mutex_t *mutex,
				const struct shim_time64 *until);
int __pthread_mutex_clocklock64(pthread_mutex_t *mutex, clockid_t clock,
				const struct shim_time64 *until);
int __pthread_cond_timedwait64(pthread_cond_t *condition,
			       pthread_mutex_t *mutex,
			       const struct shim_time64 *until);
int __pthread_cond_clockwait64(pthread_cond_t *condition,
			       pthread_mutex_t *mutex, clockid_t clock,
			       const struct shim_time64 *until);
int __semtimedop64(int set, struct sembuf *operations, size_t count,
		   const struct shim_time64 *timeout);
int __semctl64(int set, int number, int command, ...);
int __nftw64_time64(const char *path, void *call, int fds, int flags);
void *__fts64_open_time64(char *const *paths, int options, void *compare);
/* clang-format on */

/* NULL, or *narrow with that time or the nearest one that there is. */
static const struct timespec *narrowed(const struct shim_time64 *wide,
				       struct timespec *narrow)
{
	if (!wide)
		return NULL;
	narrow->tv_sec = (time_t)wide->tv_sec;
	if (narrow->tv_sec != wide->tv_sec)
		narrow->tv_sec = wide->tv_sec < 0 ? INT32_MIN : INT32_MAX;
	narrow->tv_nsec = wide->tv_nsec;
	return narrow;
}

/* What is no lock may have a struct with a time; libc makes no difference. */
SHIM_HOOK int __fcntl_time64(int fd, int command, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return fcntl64(fd, command, argument);
}

SHIM_HOOK int __sem_timedwait64(sem_t *sem, const struct shim_time64 *until)
{
	struct timespec narrow;

	if (!shim_family_has_rules(SHIM_SEM))
		return REAL(__sem_timedwait64)(sem, until);
	return sem_timedwait(sem, narrowed(until, &narrow));
}

SHIM_HOOK int __sem_clockwait64(sem_t *sem, clockid_t clock,
				const struct shim_time64 *until)
{
	struct timespec narrow;

	if (!shim_family_has_rules(SHIM_SEM))
		return REAL(__sem_clockwait64)(sem, clock, until);
	return sem_clockwait(sem, clock, narrowed(until, &narrow));
}

SHIM_HOOK int __pthread_mutex_timedlock64(pthread_mutex_t *mutex,
					  const struct shim_time64 *until)
{
	struct timespec narrow;

	if (!shim_family_has_rules(SHIM_MUTEX))
		return REAL(__pthread_mutex_timedlock64)(mutex, until);
	return pthread_mutex_timedlock(mutex, narrowed(until, &narrow));
}

SHIM_HOOK int __pthread_mutex_clocklock64(pthread_mutex_t *mutex,
					  clockid_t clock,
					  const struct shim_time64 *until)
{
	struct timespec narrow;

	if (!shim_family_has_rules(SHIM_MUTEX))
		return REAL(__pthread_mutex_clocklock64)(mutex, clock, until);
	return pthread_mutex_clocklock(mutex, clock, narrowed(until, &narrow));
}

SHIM_HOOK int __pthread_cond_timedwait64(pthread_cond_t *condition,
					 pthread_mutex_t *mutex,
					 const struct shim_time64 *until)
{
	struct timespec narrow;

	if (!shim_family_has_rules(SHIM_MUTEX))
		return REAL(__pthread_cond_timedwait64)(condition, mutex,
							until);
	return pthread_cond_timedwait(condition, mutex,
				      narrowed(until, &narrow));
}

SHIM_HOOK int __pthread_cond_clockwait64(pthread_cond_t *condition,
					 pthread_mutex_t *mutex,
					 clockid_t clock,
					 const struct shim_time64 *until)
{
	struct timespec narrow;

	if (!shim_family_has_rules(SHIM_MUTEX))
		return REAL(__pthread_cond_clockwait64)(condition, mutex, clock,
							until);
	return pthread_cond_clockwait(condition, mutex, clock,
				      narrowed(until, &narrow));
}

SHIM_HOOK int __semtimedop64(int set, struct sembuf *operations, size_t count,
			     const struct shim_time64 *timeout)
{
	struct timespec narrow;

	if (!shim_family_has_rules(SHIM_SYSVSEM))
		return REAL(__semtimedop64)(set, operations, count, timeout);
	return semtimedop(set, operations, count, narrowed(timeout, &narrow));
}

/* Its struct semid_ds has the times; the argument is one word in any case. */
SHIM_HOOK int __semctl64(int set, int number, int command, ...)
{
	union semun argument = { .buf = NULL };
	va_list arguments;
	int result;

	if (sysvsem_has_argument(command)) {
		va_start(arguments, command);
		argument = va_arg(arguments, union semun);
		va_end(arguments);
	}
	result = REAL(__semctl64)(set, number, command, argument);
	return sysvsem_controlled(set, number, command, &argument, result);
}

SHIM_HOOK int __nftw64_time64(const char *path, void *call, int fds, int flags)
{
	if (flags & FTW_CHDIR)
		recent_distrust();
	return REAL(__nftw64_time64)(path, call, fds, flags);
}

SHIM_HOOK void *__fts64_open_time64(char *const *paths, int options,
				    void *compare)
{
	if (!(options & FTS_NOCHDIR))
		recent_distrust();
	return REAL(__fts64_open_time64)(paths, options, compare);
}
