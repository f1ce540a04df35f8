/* SPDX-License-Identifier: MIT */
/* mutex_table.c - which mutexes a rule matches, by their addresses.
 *
 * A mutex is judged at its first lock, and the verdict is kept: as an entry of
 * the table, or in a cache of addresses that no rule matches.  Both are read
 * without a lock.  Only what lies in the data of a program or library is kept,
 * as a heap's memory may be a library's some day; and that is looked at again
 * when a library was unloaded.
 */
#include "config.h"

#include <errno.h>
#include <sys/mman.h>

#include "shim/mutex.h"

#define MAX_MUTEXES 256
#define SLOTS (2 * MAX_MUTEXES)
#define PASSING 4096

/* A slot that was in use: a search goes on behind it. */
#define GONE ((pthread_mutex_t *)1)

static struct mutex table[SLOTS];
static int used; /* by the tables' mutex: entries that are not empty or GONE */

static _Atomic(const pthread_mutex_t *) passing[PASSING];

static unsigned hash(const pthread_mutex_t *real)
{
	uint64_t product = (uintptr_t)real * UINT64_C(0x9e3779b97f4a7c15);

	return (unsigned)(product >> 32);
}

static pthread_mutex_t *real_of(struct mutex *mutex)
{
	return atomic_load_explicit(&mutex->real, memory_order_acquire);
}

struct mutex *mutex_find(const pthread_mutex_t *real)
{
	unsigned slot = hash(real);

	for (int i = 0; i < SLOTS; i++, slot++) {
		struct mutex *mutex = &table[slot % SLOTS];
		const pthread_mutex_t *there = real_of(mutex);

		if (there == real)
			return mutex;
		if (!there)
			return NULL;
	}
	return NULL;
}

struct mutex *mutex_next(struct mutex *mutex)
{
	for (mutex = mutex ? mutex + 1 : table; mutex < table + SLOTS; mutex++)
		if (real_of(mutex) && real_of(mutex) != GONE)
			return mutex;
	return NULL;
}

/* With the tables locked; NULL: full. */
static struct mutex *insert(pthread_mutex_t *real, const struct shim_rule *rule,
			    struct shim_hold *hold)
{
	unsigned slot = hash(real);
	struct mutex *mutex;

	if (used == MAX_MUTEXES)
		return NULL;
	do
		mutex = &table[slot++ % SLOTS];
	while (real_of(mutex) && real_of(mutex) != GONE);
	used++;
	mutex->rule = rule;
	mutex->hold = hold;
	atomic_store(&mutex->taken, 0);
	/* Whoever finds the address finds the rest as well. */
	atomic_store_explicit(&mutex->real, real, memory_order_release);
	return mutex;
}

/* The hold stays pinned as long as the entry is there. */
static struct mutex *add(pthread_mutex_t *real, const struct shim_rule *rule,
			 const char *name)
{
	struct shim_hold *hold = hold_get(rule, name);
	struct mutex *mutex, *known;

	if (!hold)
		return NULL;
	shim_tables_lock();
	known = mutex_find(real);
	mutex = known ? known : insert(real, rule, hold);
	shim_tables_unlock();
	/* Another thread has judged it, too; or there is no room. */
	if (known || !mutex)
		hold_put(hold);
	if (!mutex)
		shim_log_rule(rule, name, "passes through: too many");
	return mutex;
}

/* The first rule that matches one of the names. */
static const struct shim_rule *find_rule(const struct mutex_names *names)
{
	const struct shim_rule *by_offset =
		shim_rule_find(SHIM_MUTEX, names->offset);
	const struct shim_rule *by_symbol =
		names->symbol[0] ? shim_rule_find(SHIM_MUTEX, names->symbol)
				 : NULL;

	/* They are in an array. */
	if (by_symbol && (!by_offset || by_symbol < by_offset))
		return by_symbol;
	return by_offset;
}

/* With names, which are too large for the stack of a small thread. */
static struct mutex *judge(pthread_mutex_t *real,
			   const struct mutex_module *module,
			   struct mutex_names *names)
{
	struct mutex *mutex = NULL;
	const struct shim_rule *rule;
	const char *name;

	if (!mutex_names_of(real, module, names))
		return NULL;
	rule = find_rule(names);
	name = names->symbol[0] ? names->symbol : names->offset;
	if (rule)
		mutex = add(real, rule, name);
	else
		shim_log_line(shim_family_name(SHIM_MUTEX), name,
			      "no rule matches");
	return mutex;
}

static bool is_ours(const struct mutex_module *module)
{
	return (uintptr_t)table >= module->start &&
	       (uintptr_t)table < module->end;
}

static struct mutex *look_closer(pthread_mutex_t *real)
{
	struct mutex *mutex = NULL;
	struct mutex_module module;
	struct mutex_names *names;
	int error = errno;

	/* The shim's own come here from anywhere, so nothing else before. */
	if (!mutex_module_of(real, &module))
		return NULL;
	if (!is_ours(&module)) {
		if (!shim_enter())
			return NULL;
		names = mmap(NULL, sizeof(*names), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (names != MAP_FAILED) {
			mutex = judge(real, &module, names);
			munmap(names, sizeof(*names));
		}
		shim_leave();
	}
	if (!mutex)
		atomic_store_explicit(&passing[hash(real) % PASSING], real,
				      memory_order_relaxed);
	errno = error;
	return mutex;
}

struct mutex *mutex_judge(pthread_mutex_t *real)
{
	struct mutex *mutex;

	if (atomic_load_explicit(&passing[hash(real) % PASSING],
				 memory_order_relaxed) == real)
		return NULL;
	mutex = mutex_find(real);
	return mutex ? mutex : look_closer(real);
}

/* Nobody uses a mutex that is not there any more. */
static void forget(struct mutex *mutex)
{
	struct shim_hold *hold = mutex->hold;
	unsigned taken = atomic_exchange(&mutex->taken, 0);

	shim_tables_lock();
	atomic_store(&mutex->real, GONE);
	used--;
	shim_tables_unlock();
	while (taken-- > 0)
		hold_drop(hold);
	hold_put(hold);
}

void mutex_forget_unloaded(void)
{
	struct mutex_module module;
	struct mutex *mutex = NULL;

	for (int i = 0; i < PASSING; i++)
		atomic_store_explicit(&passing[i], NULL, memory_order_relaxed);
	while ((mutex = mutex_next(mutex)))
		if (!mutex_module_of(real_of(mutex), &module))
			forget(mutex);
}
