/* SPDX-License-Identifier: MIT */
/* hold_table.c - the keys that this process has a hold for. */
#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "shim/hold_table.h"

#define HOLDS 128

static struct shim_hold holds[HOLDS];
static atomic_int used; /* holds from here on were never used */

/* The key's hold, or NULL. */
static struct shim_hold *find(uint64_t identity)
{
	struct shim_hold *end = holds + atomic_load(&used);

	for (struct shim_hold *hold = holds; hold < end; hold++)
		if ((hold->state == MAKING || hold->state == READY) &&
		    hold->identity == identity)
			return hold;
	return NULL;
}

/* One for another key: never used, or not in use now. */
static struct shim_hold *find_spare(void)
{
	static unsigned turn;

	for (struct shim_hold *hold = holds; hold < holds + HOLDS; hold++)
		if (hold->state == FREE && hold->pins == 0)
			return hold;
	for (int i = 0; i < HOLDS; i++) {
		struct shim_hold *hold = &holds[turn++ % HOLDS];

		if (hold->state == READY && hold->pins == 0 &&
		    atomic_load(&hold->count) == 0 &&
		    atomic_load(&hold->drops) == 0)
			return hold;
	}
	return NULL;
}

/* Pins the key's hold; or claims one for it, in state MAKING.  NULL: none. */
static struct shim_hold *pin(uint64_t identity, bool *fresh, bool *was_used)
{
	struct shim_hold *hold = find(identity);

	*fresh = !hold;
	if (!hold)
		hold = find_spare();
	if (!hold)
		return NULL;
	hold->pins++;
	if (*fresh) {
		*was_used = hold->state == READY;
		hold->state = MAKING;
		hold->identity = identity;
		if (hold - holds >= atomic_load(&used))
			atomic_store(&used, (int)(hold - holds) + 1);
	}
	return hold;
}

/* The core is not to be called with the tables locked. */
static bool make(struct shim_hold *hold, bool was_used,
		 const struct shim_rule *rule, const char *name)
{
	int error;

	if (was_used)
		pl_lock_fini(&hold->lock);
	atomic_store(&hold->next_look, 0);
	atomic_store(&hold->look_pause, LOOK_FIRST);
	hold->inherited = 0;
	error = shim_lock_init(&hold->lock, rule, name);
	shim_tables_lock();
	hold->state = error < 0 ? FREE : READY;
	shim_tables_unlock();
	return error == 0;
}

static bool is_made(struct shim_hold *hold)
{
	enum hold_state state;

	for (;;) {
		shim_tables_lock();
		state = hold->state;
		shim_tables_unlock();
		if (state != MAKING)
			return state == READY;
		sched_yield();
	}
}

struct shim_hold *hold_get(const struct shim_rule *rule, const char *name)
{
	struct shim_hold *hold = NULL;
	bool fresh = false, was_used = false;
	char key[SHIM_KEY_MAX];

	if (shim_rule_key(rule, name, key)) {
		uint64_t identity = shim_hash(key, strlen(key));

		shim_tables_lock();
		hold = pin(identity, &fresh, &was_used);
		shim_tables_unlock();
	}
	if (!hold) {
		shim_log_rule(rule, name, "no portlock: too many, or too long");
		return NULL;
	}
	if (fresh ? make(hold, was_used, rule, name) : is_made(hold))
		return hold;
	hold_put(hold);
	return NULL;
}

void hold_put(struct shim_hold *hold)
{
	shim_tables_lock();
	hold->pins--;
	shim_tables_unlock();
}

const struct pl_address *hold_address(const struct shim_hold *hold)
{
	return &hold->lock.address;
}

void hold_keep(struct shim_hold *hold)
{
	hold->pins++;
}

unsigned hold_count(const struct shim_hold *hold)
{
	return atomic_load(&hold->count);
}

bool hold_is_everybodys(const struct pl_address *address)
{
	int end = atomic_load(&used);

	for (struct shim_hold *hold = holds; hold < holds + end; hold++)
		if (strcmp(hold->lock.address.name, address->name) == 0 &&
		    (atomic_load(&hold->everybodys) ||
		     atomic_load(&hold->staying) > 0))
			return true;
	return false;
}

bool hold_inherited(const struct pl_address *address, uint64_t *token)
{
	int end = atomic_load(&used);

	for (struct shim_hold *hold = holds; hold < holds + end; hold++) {
		if (strcmp(hold->lock.address.name, address->name) == 0) {
			*token = hold->inherited;
			return true;
		}
	}
	return false;
}

static void after_fork_in_child(void)
{
	for (struct shim_hold *hold = holds; hold < holds + HOLDS; hold++) {
		/* The thread that forked may wait for its child. */
		if (atomic_load(&hold->count) > 0 &&
		    (atomic_load(&hold->everybodys) ||
		     atomic_load(&hold->lock.owner) == pl_thread()))
			hold->inherited = atomic_load(&hold->token);
		else if (atomic_load(&hold->count) > 0)
			hold->inherited = 0;
		atomic_store(&hold->count, 0);
		atomic_store(&hold->everybodys, false);
		atomic_store(&hold->stays, false);
		atomic_store(&hold->staying, 0);
		atomic_store(&hold->next_look, 0);
		atomic_store(&hold->turn.state, 0);
		atomic_store(&hold->drops, 0);
		/* The guard is the parent's. */
		atomic_store(&hold->watch.slot, 0);
		atomic_store(&hold->watch.outlives, false);
		/* Nobody will finish what another thread began. */
		if (hold->state == MAKING)
			hold->state = LOST;
	}
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, after_fork_in_child);
}
