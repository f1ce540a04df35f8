/* SPDX-License-Identifier: MIT */
/* sysvsem.c - System V semaphores. */
#include "config.h"

#include <limits.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/sem.h>

#include "bench/calls.h"
#include "bench/calls/checked.h"

static int set = -1;

/* Any key will do that the other process finds too. */
static key_t key_of(const char *name)
{
	uint32_t hash = 5381;

	while (*name)
		hash = hash * 33 + (unsigned char)*name++;
	return (key_t)(hash % INT_MAX + 1);
}

static void make_set(const char *name)
{
	set = checked(semget(key_of(name), 1, IPC_CREAT | IPC_EXCL | 0600),
		      "semget");
	checked(semctl(set, 0, SETVAL, 1), "semctl");
}

static void remove_set(void)
{
	if (set >= 0)
		semctl(set, 0, IPC_RMID);
	set = -1;
}

static void find_set(const char *name)
{
	set = checked(semget(key_of(name), 1, 0), "semget");
}

static void change_set(short change)
{
	struct sembuf operation = { .sem_op = change };

	checked(semop(set, &operation, 1), "semop");
}

static void take_set(void)
{
	change_set(-1);
}

static void give_set(void)
{
	change_set(1);
}

const struct call call_sysvsem = {
	.name = "sysvsem",
	.family = "sysvsem",
	.matched = "*",
	.unmatched = "sysvsem /0x7ead1234/*",
	.locks = true,
	.make = make_set,
	.remove = remove_set,
	.begin = find_set,
	.take = take_set,
	.give = give_set,
};
