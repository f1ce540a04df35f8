/* SPDX-License-Identifier: MIT */
/* semaphore_table.c - the semaphores that the program has open and a rule
 * matches.
 *
 * Looking one up happens in signal handlers and for every semaphore of the
 * program, so it is a scan of an array of pointers, without a lock.  glibc
 * gives the same pointer for the same semaphore and counts the opens; so do we.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shim/semaphore.h"

#define MAX_SEMAPHORES 256
#define PAGE UINT32_C(4096)

static struct semaphore table[MAX_SEMAPHORES];
static _Atomic(sem_t *) opened[MAX_SEMAPHORES];
static atomic_int end; /* no entry from here on was ever used */

struct semaphore *semaphore_find(const sem_t *sem)
{
	int count = atomic_load_explicit(&end, memory_order_acquire);

	/* A named semaphore is a mapped file and begins its page; those of
	 * sem_init() hardly ever do. */
	if (count == 0 || (uintptr_t)sem % PAGE != 0)
		return NULL;
	for (int i = 0; i < count; i++)
		if (atomic_load_explicit(&opened[i], memory_order_acquire) ==
		    sem)
			return &table[i];
	return NULL;
}

static struct semaphore *claim(void)
{
	struct semaphore *free = NULL;

	shim_tables_lock();
	for (int i = 0; i < MAX_SEMAPHORES && !free; i++)
		if (!table[i].used)
			free = &table[i];
	if (free)
		free->used = true;
	shim_tables_unlock();
	return free;
}

static void give_back(struct semaphore *semaphore)
{
	shim_tables_lock();
	semaphore->used = false;
	shim_tables_unlock();
}

static bool opened_again(const sem_t *sem)
{
	struct semaphore *known;

	shim_tables_lock();
	known = semaphore_find(sem);
	if (known)
		known->opens++;
	shim_tables_unlock();
	return known;
}

/* False if another thread has meanwhile published the same semaphore. */
static bool publish(struct semaphore *semaphore, sem_t *sem)
{
	int i = (int)(semaphore - table);
	struct semaphore *known;

	shim_tables_lock();
	known = semaphore_find(sem);
	if (known) {
		known->opens++;
	} else {
		semaphore->sem = sem;
		semaphore->opens = 1;
		semaphore->kept = false;
		if (atomic_load(&end) <= i)
			atomic_store(&end, i + 1);
		atomic_store_explicit(&opened[i], sem, memory_order_release);
	}
	shim_tables_unlock();
	return !known;
}

static bool add(sem_t *sem, const char *name, const struct shim_rule *rule)
{
	struct semaphore *semaphore = claim();

	if (!semaphore) {
		shim_log_rule(rule, name, "passes through: too many are open");
		return !shim_rule_is_etcd(rule);
	}
	semaphore->rule = rule;
	snprintf(semaphore->name, sizeof(semaphore->name), "%s", name);
	if (shim_lock_init(&semaphore->lock, rule, name) < 0) {
		give_back(semaphore);
		return !shim_rule_is_etcd(rule);
	}
	if (!publish(semaphore, sem)) {
		pl_lock_fini(&semaphore->lock);
		give_back(semaphore);
	}
	return true;
}

bool semaphore_opened(sem_t *sem, const char *name, int initial)
{
	char full[NAME_MAX + 2];
	const struct shim_rule *rule;

	/* libc takes "name" and "//name" for "/name"; rules and keys too. */
	snprintf(full, sizeof(full), "/%s", name + strspn(name, "/"));
	rule = shim_rule_find(SHIM_SEM, full);
	if (!rule)
		return true;
	if (!semaphore_judge(sem, initial))
		shim_log_rule(rule, full, "passes through: its value is not 1");
	return opened_again(sem) || add(sem, full, rule);
}

/* What the program's sem_close() comes to. */
enum closing {
	CLOSED_TWICE,
	CLOSE_ONE, /* of several opens */
	KEEP,
	CLOSE_ALL,
};

/*
 * A program may close what it holds and post it after the next sem_open().
 * Then one open stays, ours, and with it libc's pointer and our entry.
 */
static enum closing decide(struct semaphore *semaphore)
{
	if (semaphore->opens == 0)
		return CLOSED_TWICE;
	if (--semaphore->opens > 0)
		return CLOSE_ONE;
	if (pl_is_held(&semaphore->lock)) {
		if (semaphore->kept)
			return CLOSE_ONE;
		semaphore->kept = true;
		return KEEP;
	}
	atomic_store(&opened[semaphore - table], NULL);
	return CLOSE_ALL;
}

int semaphore_close(struct semaphore *semaphore)
{
	sem_t *sem = semaphore->sem;
	enum closing closing;

	shim_tables_lock();
	closing = decide(semaphore);
	shim_tables_unlock();
	if (closing == CLOSED_TWICE) {
		errno = EINVAL;
		return -1;
	}
	if (closing == KEEP)
		return 0;
	if (closing == CLOSE_ALL) {
		if (semaphore->kept)
			REAL(sem_close)(sem);
		pl_lock_fini(&semaphore->lock);
		give_back(semaphore);
	}
	return REAL(sem_close)(sem);
}
