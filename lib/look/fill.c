/* SPDX-License-Identifier: MIT */
/* fill.c - one lock: its gate, its queue and the processes that have them. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fill.h"

static const struct look_process nobody = { 0, (uid_t)-1, '?', "" };

/* What the holder wrote on its gate, seen through an owner's descriptor; false:
 * nothing, or another socket by now. */
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
	       pl_sign_read(&gate, signature);
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

/* Without a token it still wants the ports, or the cluster. */
static void fill_signed(struct look_lock *lock,
			const struct pl_signature *signature)
{
	lock->cluster = signature->cluster;
	lock->since = signature->token;
	if (signature->token != 0)
		lock->ports = signature->ports;
}

static int fill_owners(struct look_lock *lock, const struct table_gate *gate,
		       const struct owners *owners)
{
	struct pl_signature signature = { .pid = 0 };
	const struct owner *first;
	int count, holder;

	lock->holder = nobody;
	lock->holder.uid = gate->uid;
	lock->ports = -1;
	first = owners_of(owners, gate->inode, &count);
	if (!first)
		return 0;
	for (int i = 0; i < count && signature.pid == 0; i++)
		if (read_signature(&first[i], &signature))
			fill_signed(lock, &signature);
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

int look_fill(struct look_lock *lock, const struct table_gate *gate,
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

void look_drop(struct look_lock *lock)
{
	free(lock->others);
	free(lock->waiters);
}
