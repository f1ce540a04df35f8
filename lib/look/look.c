/* SPDX-License-Identifier: MIT */
/* look.c - gates, queues and processes, put together.
 *
 * The kernel has no picture of all of it at one moment: a lock can go from hand
 * to hand between the look at the gates and the look at the processes.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fill.h"

/* A gate that nobody has, who we would see, is one that has just been passed
 * on: it is looked at again. */
#define LOOKS_MAX 3

/* ---- which processes to look for ------------------------------------------ */

static int find_owners(struct owners *owners, const struct table *table)
{
	size_t room = 0;
	uint32_t *inodes;
	int count = 0, error;

	for (int i = 0; i < table->gate_count; i++)
		room += 1 + (size_t)table->gates[i].queued;
	inodes = calloc(room + 1, sizeof(*inodes));
	if (!inodes)
		return -ENOMEM;
	for (int i = 0; i < table->gate_count; i++) {
		const struct table_gate *gate = &table->gates[i];

		inodes[count++] = gate->inode;
		for (int j = 0; j < gate->queued; j++)
			if (table_client(table, gate->queue[j]))
				inodes[count++] = gate->queue[j];
	}
	error = owners_find(owners, inodes, count);
	free(inodes);
	return error;
}

/* ---- all of them ---------------------------------------------------------- */

static int fill_all(struct look *look, const struct table *table,
		    const struct owners *owners)
{
	int error = 0;

	look->locks =
		calloc((size_t)table->gate_count + 1, sizeof(*look->locks));
	if (!look->locks)
		return -ENOMEM;
	for (int i = 0; error == 0 && i < table->gate_count; i++)
		error = look_fill(&look->locks[look->count++], &table->gates[i],
				  table, owners);
	if (error < 0)
		look_free(look);
	return error;
}

/* Whether it has a gate without an owner that is not another user's. */
static bool is_blurred(const struct look_lock *lock)
{
	uid_t user = geteuid();

	return lock->holder.pid == 0 && (user == 0 || lock->holder.uid == user);
}

static int by_gate(const void *one, const void *other)
{
	const struct look_lock *lock = other;

	return strcmp(one, lock->gate);
}

static bool was_blurred(const char *gate, const void *argument)
{
	const struct look *look = argument;
	const struct look_lock *lock =
		bsearch(gate, look->locks, (size_t)look->count,
			sizeof(*look->locks), by_gate);

	return lock && is_blurred(lock);
}

static bool is_near(const char *gate, const void *argument)
{
	const uint16_t *first_port = argument;

	return abs(pl_first_port_of(gate) - *first_port) < PORTLOCK_PORTS;
}

/* Of all gates, or the one of that name, those that are chosen (NULL: all). */
static int look_once(struct look *look, const char *name, table_choice *choice,
		     const void *argument)
{
	struct owners owners;
	struct table table;
	int error;

	memset(look, 0, sizeof(*look));
	error = table_read(&table, name);
	if (error < 0)
		return error;
	if (choice)
		table_choose(&table, choice, argument);
	error = find_owners(&owners, &table);
	if (error == 0) {
		error = fill_all(look, &table, &owners);
		owners_free(&owners);
	}
	table_free(&table);
	return error;
}

/* In place of what was blurred what is seen now; both are sorted. */
static void merge(struct look *look, struct look *again)
{
	int kept = 0, next = 0;

	for (int i = 0; i < look->count; i++) {
		struct look_lock *lock = &look->locks[i];

		if (!is_blurred(lock)) {
			look->locks[kept++] = *lock;
			continue;
		}
		look_drop(lock);
		/* Or it is free by now. */
		if (next < again->count &&
		    strcmp(again->locks[next].gate, lock->gate) == 0)
			look->locks[kept++] = again->locks[next++];
	}
	look->count = kept;
	free(again->locks);
}

static int look_until_clear(struct look *look, const char *name,
			    table_choice *choice, const void *argument)
{
	int error = look_once(look, name, choice, argument);
	struct look again = { 0 };

	for (int looks = 1; error == 0 && looks < LOOKS_MAX; looks++) {
		bool clear = true;

		for (int i = 0; i < look->count; i++)
			clear &= !is_blurred(&look->locks[i]);
		if (clear)
			break;
		error = look_once(&again, name, was_blurred, look);
		if (error == 0)
			merge(look, &again);
		else
			look_free(look);
	}
	return error;
}

int look(struct look *look, const char *gate)
{
	return look_until_clear(look, gate, NULL, NULL);
}

int look_near(struct look *look, uint16_t first_port)
{
	return look_until_clear(look, NULL, is_near, &first_port);
}

void look_free(struct look *look)
{
	for (int i = 0; i < look->count; i++)
		look_drop(&look->locks[i]);
	free(look->locks);
	memset(look, 0, sizeof(*look));
}
