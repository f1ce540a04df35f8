/* SPDX-License-Identifier: MIT */
/* hook_sysvsem.c - the entry points of the family sysvsem. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>

#include "shim/sysvsem.h"

/* Giving back must work while a signal handler interrupts the shim, so the
 * guard is asked later. */
SHIM_HOOK int semop(int set, struct sembuf *operations, size_t count)
{
	if (!shim_family_has_rules(SHIM_SYSVSEM))
		return REAL(semop)(set, operations, count);
	return sysvsem_operate(set, operations, count, NULL);
}

SHIM_HOOK int semtimedop(int set, struct sembuf *operations, size_t count,
			 const struct timespec *timeout)
{
	if (!shim_family_has_rules(SHIM_SYSVSEM))
		return REAL(semtimedop)(set, operations, count, timeout);
	return sysvsem_operate(set, operations, count, timeout);
}

bool sysvsem_has_argument(int command)
{
	switch (command) {
	case SETVAL:
	case GETALL:
	case SETALL:
	case IPC_STAT:
	case IPC_SET:
	case IPC_INFO:
	case SEM_STAT:
	case SEM_INFO:
#ifdef SEM_STAT_ANY
	case SEM_STAT_ANY:
#endif
		return true;
	default:
		return false;
	}
}

static void ended(int set, int number, int command, const union semun *argument)
{
	int error = errno;

	if (command == IPC_RMID)
		sysvsem_was_removed(set);
	else
		sysvsem_was_set(set, number, argument, command == SETALL);
	errno = error;
}

int sysvsem_controlled(int set, int number, int command,
		       const union semun *argument, int result)
{
	if (result < 0 || !shim_family_has_rules(SHIM_SYSVSEM) ||
	    (command != IPC_RMID && command != SETVAL && command != SETALL) ||
	    !shim_enter())
		return result;
	ended(set, number, command, argument);
	shim_leave();
	return result;
}

SHIM_HOOK int semctl(int set, int number, int command, ...)
{
	union semun argument = { .buf = NULL };
	va_list arguments;
	int result;

	if (sysvsem_has_argument(command)) {
		va_start(arguments, command);
		argument = va_arg(arguments, union semun);
		va_end(arguments);
	}
	result = REAL(semctl)(set, number, command, argument);
	return sysvsem_controlled(set, number, command, &argument, result);
}
