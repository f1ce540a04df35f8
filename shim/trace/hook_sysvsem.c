/* SPDX-License-Identifier: MIT */
/* hook_sysvsem.c - System V semaphores, named by key and number. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "shim/sysvsem.h"
#include "shim/trace/trace.h"

#define NAME_ROOM 32

/* /0xKEY/NUMBER, as rules have it; a set without a key is /private/NUMBER. */
static void name_of(int set, unsigned number, char name[NAME_ROOM])
{
	static const char digits[] = "0123456789abcdef";
	struct semid_ds about = { .sem_perm.__key = IPC_PRIVATE };
	union semun argument = { .buf = &about };
	int error = errno;
	uint32_t key;
	char text[16], *at = text + sizeof(text);

	/* It stays private where it cannot be seen. */
	REAL(semctl)(set, 0, IPC_STAT, argument);
	key = (uint32_t)about.sem_perm.__key;
	*--at = '\0';
	do
		*--at = digits[number % 10];
	while ((number /= 10) != 0);
	*--at = '/';
	if (key == 0) {
		strcpy(name, "/private");
		strcat(name, at);
	} else {
		char *to = name + strlen(strcpy(name, "/0x"));
		int shift = 28;

		while (key >> shift == 0)
			shift -= 4;
		for (; shift >= 0; shift -= 4)
			*to++ = digits[key >> shift & 15];
		strcpy(to, at);
	}
	errno = error;
}

static void tell(struct trace *trace, int set, const struct sembuf *one,
		 int error)
{
	char name[NAME_ROOM];
	int value;

	name_of(set, one->sem_num, name);
	trace_result(trace, name, error);
	trace_number(trace, "add=", one->sem_op);
	value = REAL(semctl)(set, one->sem_num, GETVAL, 0);
	if (value >= 0)
		trace_number(trace, "value=", value);
	if (one->sem_flg & SEM_UNDO)
		trace_word(trace, "undo");
	trace_send(trace);
}

/* ---- the calls ----------------------------------------------------------- */

#define OPERATIONS 500 /* the kernel's own limit, unless raised */

struct operations {
	struct trace trace;
	int set;
	size_t count;
	struct sembuf list[OPERATIONS]; /* the program's may be gone after it */
};

/* Before the call; false: it is not traced. */
static bool before(struct operations *all, const char *function, int set,
		   const struct sembuf *operations, size_t count)
{
	char name[NAME_ROOM];

	if (count == 0 || count > OPERATIONS ||
	    !trace_begin(&all->trace, function) ||
	    !trace_peek(all->list, operations, count * sizeof(*operations)))
		return false;
	all->set = set;
	all->count = count;
	for (size_t i = 0; i < count; i++) {
		if (all->list[i].sem_op > 0 ||
		    all->list[i].sem_flg & IPC_NOWAIT)
			continue;
		name_of(set, all->list[i].sem_num, name);
		trace_waits(&all->trace, name);
	}
	return true;
}

static int after(struct operations *all, int result)
{
	int error = result < 0 ? errno : 0;

	for (size_t i = 0; i < all->count; i++)
		tell(&all->trace, all->set, &all->list[i], error);
	return result;
}

SHIM_HOOK int semop(int set, struct sembuf *operations, size_t count)
{
	struct operations all;

	if (!before(&all, "semop", set, operations, count))
		return REAL(semop)(set, operations, count);
	return after(&all, REAL(semop)(set, operations, count));
}

SHIM_HOOK int semtimedop(int set, struct sembuf *operations, size_t count,
			 const struct timespec *timeout)
{
	struct operations all;

	if (!before(&all, "semtimedop", set, operations, count))
		return REAL(semtimedop)(set, operations, count, timeout);
	return after(&all, REAL(semtimedop)(set, operations, count, timeout));
}
