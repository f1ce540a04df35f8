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

/* Whether there is a gate without an owner that is not another user's. */
static bool is_blurred(const struct look *look)
{
	uid_t user = geteuid();

	for (int i = 0; i < look->count; i++) {
		const struct look_process *holder = &look->locks[i].holder;

		if (holder->pid == 0 && (user == 0 || holder->uid == user))
			return true;
	}
	return false;
}

static int look_once(struct look *look, const char *gate)
{
	struct owners owners;
	struct table table;
	int error;

	memset(look, 0, sizeof(*look));
	error = table_read(&table, gate);
	if (error < 0)
		return error;
	error = find_owners(&owners, &table);
	if (error == 0) {
		error = fill_all(look, &table, &owners);
		owners_free(&owners);
	}
	table_free(&table);
	return error;
}

int look(struct look *look, const char *gate)
{
	int error = look_once(look, gate);

	for (int looks = 1; error == 0 && looks < LOOKS_MAX; looks++) {
		if (!is_blurred(look))
			break;
		look_free(look);
		error = look_once(look, gate);
	}
	return error;
}

void look_free(struct look *look)
{
	for (int i = 0; i < look->count; i++) {
		free(look->locks[i].others);
		free(look->locks[i].waiters);
	}
	free(look->locks);
	memset(look, 0, sizeof(*look));
}
