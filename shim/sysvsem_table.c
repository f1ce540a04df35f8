/* SPDX-License-Identifier: MIT */
/* sysvsem_table.c - which semaphores are ours: from a set and a number to a
 * name, a rule, and what is known of the semaphore.
 *
 * A process may have the number of a set from anywhere, so its key is asked of
 * the kernel.  Entries never move, and are found without a lock.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "shim/sysvsem.h"

#define SEMAPHORES 256
#define SETS 64 /* remembered, by number modulo this */
#define UNMATCHED 256

struct set {
	int id; /* + 1; 0: none */
	key_t key;
};

static struct sysvsem semaphores[SEMAPHORES];
static atomic_int used; /* semaphores from here on were never used */
static struct set sets[SETS];
/* Names that no rule matches, each in the one place where it can be. */
static _Atomic uint64_t unmatched[UNMATCHED];

static uint64_t name_of(int set, unsigned number)
{
	return ((uint64_t)(unsigned)set << 32 | (number & 0xffff)) + 1;
}

static _Atomic uint64_t *place_of(uint64_t name)
{
	return &unmatched[(name ^ name >> 32) % UNMATCHED];
}

bool sysvsem_is_unmatched(int set, unsigned number)
{
	uint64_t name = name_of(set, number);

	return atomic_load_explicit(place_of(name), memory_order_relaxed) ==
	       name;
}

struct sysvsem *sysvsem_find(int set, unsigned number)
{
	struct sysvsem *end = semaphores + atomic_load(&used);
	uint64_t name = name_of(set, number);

	for (struct sysvsem *one = semaphores; one < end; one++)
		if (atomic_load_explicit(&one->name, memory_order_acquire) ==
		    name)
			return one;
	return NULL;
}

struct sysvsem *sysvsem_next(int set, struct sysvsem *semaphore)
{
	struct sysvsem *end = semaphores + atomic_load(&used);

	for (semaphore = semaphore ? semaphore + 1 : semaphores;
	     semaphore < end; semaphore++) {
		uint64_t name = atomic_load(&semaphore->name);

		if (name && (name - 1) >> 32 == (unsigned)set)
			return semaphore;
	}
	return NULL;
}

/* IPC_PRIVATE where it cannot be seen: such sets have no name. */
static key_t key_of(int set)
{
	struct semid_ds about;

	if (REAL(semctl)(set, 0, IPC_STAT, (union semun){ .buf = &about }) < 0)
		return IPC_PRIVATE;
	/* By the kernel.  NOLINTNEXTLINE(*-core.uninitialized.UndefReturn) */
	return about.sem_perm.__key;
}

/* With the tables locked, as are the next ones. */
static struct set *set_of(int id)
{
	struct set *set = &sets[(unsigned)id % SETS];

	if (set->id != id + 1)
		*set = (struct set){ .id = id + 1, .key = key_of(id) };
	return set;
}

static struct sysvsem *claim(const struct shim_rule *rule, const char *text)
{
	struct sysvsem *one = semaphores;

	while (one < semaphores + SEMAPHORES && atomic_load(&one->name))
		one++;
	if (one == semaphores + SEMAPHORES)
		return NULL;
	one->rule = rule;
	snprintf(one->text, sizeof(one->text), "%s", text);
	atomic_store(&one->hold, NULL);
	atomic_store(&one->use, SYSVSEM_UNKNOWN);
	atomic_store(&one->owner, 0);
	return one;
}

static struct sysvsem *make(int id, unsigned number)
{
	struct set *set = set_of(id);
	const struct shim_rule *rule = NULL;
	struct sysvsem *one;
	char text[48];

	if (set->key != IPC_PRIVATE) {
		snprintf(text, sizeof(text), "/%#x/%u", (unsigned)set->key,
			 number);
		rule = shim_rule_find(SHIM_SYSVSEM, text);
	}
	one = rule ? claim(rule, text) : NULL;
	if (!one) {
		if (rule)
			shim_log_rule(rule, text, "no portlock: too many");
		atomic_store(place_of(name_of(id, number)),
			     name_of(id, number));
		return NULL;
	}
	if (one - semaphores >= atomic_load(&used))
		atomic_store(&used, (int)(one - semaphores) + 1);
	atomic_store_explicit(&one->name, name_of(id, number),
			      memory_order_release);
	return one;
}

struct sysvsem *sysvsem_get(int set, unsigned number)
{
	struct sysvsem *one = sysvsem_find(set, number);
	int error = errno;

	if (one || set < 0 || sysvsem_is_unmatched(set, number))
		return one;
	shim_tables_lock();
	one = sysvsem_find(set, number);
	if (!one)
		one = make(set, number);
	shim_tables_unlock();
	errno = error;
	return one;
}

void sysvsem_forget(int set)
{
	struct sysvsem *one = NULL;

	while ((one = sysvsem_next(set, one))) {
		struct shim_hold *hold = atomic_exchange(&one->hold, NULL);

		if (hold)
			hold_put(hold);
		atomic_store(&one->name, 0);
	}
	for (int i = 0; i < UNMATCHED; i++) {
		uint64_t name = atomic_load(&unmatched[i]);

		if (name && (name - 1) >> 32 == (unsigned)set)
			atomic_store(&unmatched[i], 0);
	}
	shim_tables_lock();
	if (sets[(unsigned)set % SETS].id == set + 1)
		sets[(unsigned)set % SETS].id = 0;
	shim_tables_unlock();
}

/* The kernel's list of what to undo stays with the parent, too. */
static void after_fork_in_child(void)
{
	for (struct sysvsem *one = semaphores; one < semaphores + SEMAPHORES;
	     one++)
		atomic_store(&one->owner, 0);
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, after_fork_in_child);
}
