/* SPDX-License-Identifier: MIT */
/* sysvsem.c - a set of System V semaphores per test, and victims that use it. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <unistd.h>

#include "sysvsem.h"

int sysvsem_setup(void **state)
{
	static unsigned number;
	static struct sysvsem_names names;
	unsigned key = 1u << 30 | (unsigned)getpid() << 8 | (number & 0xfe);

	number += 2;
	snprintf(names.set, sizeof(names.set), "%#x", key);
	snprintf(names.other, sizeof(names.other), "%#x", key + 1);
	snprintf(names.lock, sizeof(names.lock), "sysvsem:/%#x/0", key);
	victim_log_setup();
	*state = &names;
	return 0;
}

static void remove_set(const char *key)
{
	int set = semget((key_t)strtoul(key, NULL, 0), 0, 0);

	if (set >= 0)
		semctl(set, 0, IPC_RMID);
}

int sysvsem_teardown(void **state)
{
	struct sysvsem_names *names = *state;

	children_kill();
	remove_set(names->set);
	remove_set(names->other);
	victim_unshare();
	victim_log_teardown();
	return gate_is_bound(names->lock) ? -1 : 0;
}

static bool has_set(void *victim)
{
	int result = victim_do(victim, SYSV_create);

	require(result == 0 || result == ENOSPC);
	return result == 0;
}

void sysvsem_create(struct child *victim)
{
	wait_until(has_set, victim);
}

struct child *sysvsem_start(const char *set, const char *rules)
{
	struct child *victim = victim_start("victim_sysvsem", set, rules);

	sysvsem_create(victim);
	return victim;
}

struct child *sysvsem_holder(const char *set, const char *rules)
{
	struct child *victim = sysvsem_start(set, rules);

	require(victim_do(victim, SYSV_set_1) == 0);
	require(victim_do(victim, SYSV_take) == 0);
	return victim;
}

void begin_take(struct child *victim)
{
	say(victim, SYSV_take);
	sleep_ns(MOMENT);
	require(!has_said(victim));
}

static bool has_waiter(void *set)
{
	return semctl(*(int *)set, 0, GETNCNT) == 1;
}

void begin_real_take(struct child *victim, const char *set)
{
	int id = semget((key_t)strtoul(set, NULL, 0), 0, 0);

	say(victim, SYSV_take);
	wait_until(has_waiter, &id);
}
