/* SPDX-License-Identifier: MIT */
/* look.c - gates, queues and processes, put together.
 *
 * The kernel has no picture of all of it at one moment: a lock can go from hand
 * to hand between the look at the gates and the look at the processes.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "look.h"
#include "owners.h"
#include "table.h"

/* A gate that nobody has, who we would see, is one that has just been passed
 * on: it is looked at again. */
#define LOOKS_MAX 3

static const struct look_process nobody = { 0, (uid_t)-1, '?', "" };

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

/* ---- one lock ------------------------------------------------------------- */

/* What the holder wrote on its gate, seen through an owner's descriptor; false:
 * nothing, or that it still wants the ports, or another socket by now. */
static bool read_signature(const struct owner *owner,
			   struct pl_signature *signature)
{
	struct statx gate;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)owner->task,
		 owner->fd);
	return statx(AT_FDCWD, path, 0,
		     STATX_TYPE | STATX_INO | STATX_ATIME | STATX_MTIME,
		     &gate) == 0 &&
	       S_ISSOCK(gate.stx_mode) && gate.stx_ino == owner->inode &&
	       pl_sign_read(&gate, signature) && signature->token != 0;
}

/* Of several owners the one that was granted it.  A process that was given it
 * by other ways has not signed: the eldest, as its children have it from it. */
static int choose_holder(const struct owners *owners, const struct owner *first,
			 int count, pid_t signer)
{
	for (int i = 0; i < count; i++)
		if (owners->facts[first[i].fact].own_pid == signer)
			return i;
	return 0;
}

static int fill_owners(struct look_lock *lock, const struct table_gate *gate,
		       const struct owners *owners)
{
	struct pl_signature signature = { .ports = -1 };
	const struct owner *first;
	int count, holder;

	lock->holder = nobody;
	lock->holder.uid = gate->uid;
	lock->ports = -1;
	first = owners_of(owners, gate->inode, &count);
	if (!first)
		return 0;
	for (int i = 0; i < count && signature.ports < 0; i++)
		if (read_signature(&first[i], &signature)) {
			lock->since = signature.token;
			lock->ports = signature.ports;
		}
	holder = choose_holder(owners, first, count, signature.pid);
	lock->holder = owners->facts[first[holder].fact].process;
	if (count <= 1)
		return 0;
	lock->others = calloc((size_t)count - 1, sizeof(*lock->others));
	if (!lock->others)
		return -ENOMEM;
	for (int i = 0; i < count; i++)
		if (i != holder)
			lock->others[lock->other_count++] =
				owners->facts[first[i].fact].process;
	return 0;
}

static int fill_waiters(struct look_lock *lock, const struct table_gate *gate,
			const struct table *table, const struct owners *owners)
{
	if (gate->queued == 0)
		return 0;
	lock->waiters = calloc((size_t)gate->queued, sizeof(*lock->waiters));
	if (!lock->waiters)
		return -ENOMEM;
	for (int i = 0; i < gate->queued; i++) {
		const struct table_client *client =
			table_client(table, gate->queue[i]);
		struct look_process *waiter =
			&lock->waiters[lock->waiter_count];
		const struct owner *owner;
		int count;

		if (!client)
			continue;
		*waiter = nobody;
		waiter->uid = client->uid;
		owner = owners_of(owners, client->inode, &count);
		if (owner)
			*waiter = owners->facts[owner->fact].process;
		lock->waiter_count++;
	}
	return 0;
}

static int fill(struct look_lock *lock, const struct table_gate *gate,
		const struct table *table, const struct owners *owners)
{
	int error;

	memset(lock, 0, sizeof(*lock));
	strcpy(lock->gate, gate->name);
	error = fill_owners(lock, gate, owners);
	if (!gate->listens)
		lock->state = LOOK_PLAIN;
	else
		lock->state = lock->holder.pid ? LOOK_HELD : LOOK_PASSING;
	if (error == 0)
		error = fill_waiters(lock, gate, table, owners);
	if (!table->queues_known)
		lock->waiter_count = -1;
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
		error = fill(&look->locks[look->count++], &table->gates[i],
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

static void drop(struct look_lock *lock)
{
	free(lock->others);
	free(lock->waiters);
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
		drop(lock);
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
		drop(&look->locks[i]);
	free(look->locks);
	memset(look, 0, sizeof(*look));
}
