/* SPDX-License-Identifier: MIT */
/* holder.c - the library's questions about a lock that others have. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "look.h"

/* Since the first version of the structure. */
#define SIZE_LEAST sizeof(struct portlock_holder)

static void publish(struct portlock_process *process,
		    const struct look_process *seen)
{
	memset(process, 0, sizeof(*process));
	process->pid = seen->pid;
	process->uid = seen->uid;
	process->state = seen->state;
	memcpy(process->command, seen->command, sizeof(process->command) - 1);
}

/* -1 also if it lies ahead: the holder's time namespace is not ours. */
static int64_t held_ms(uint64_t since)
{
	int64_t now = pl_now(CLOCK_BOOTTIME);

	if (since == 0 || since > (uint64_t)now)
		return -1;
	return (now - (int64_t)since) / PL_MSEC;
}

static void fill(struct portlock_holder *holder, const struct look_lock *lock)
{
	struct portlock_holder known = {
		.size = holder->size,
		.held_ms = held_ms(lock->since),
		.ports = lock->ports,
		.waiters = lock->waiter_count,
	};

	publish(&known.process, &lock->holder);
	/* What a later version has appended is 0. */
	memset(holder, 0, holder->size);
	memcpy(holder, &known, sizeof(known));
}

/* The one lock; -ENOENT: nobody has it. */
static int look_at(struct look *seen, const portlock_t *lock)
{
	int error = look(seen, lock->address.name);

	if (error < 0)
		return error;
	if (seen->count > 0)
		return 0;
	look_free(seen);
	return -ENOENT;
}

int portlock_holder(const portlock_t *lock, struct portlock_holder *holder)
{
	struct pl_entry entry;
	struct look seen;
	int error;

	if (!lock || !holder || holder->size < SIZE_LEAST)
		return -EINVAL;
	entry = pl_enter();
	error = look_at(&seen, lock);
	if (error == 0) {
		fill(holder, &seen.locks[0]);
		look_free(&seen);
	}
	return pl_leave(&entry, error);
}

int portlock_waiters(const portlock_t *lock, struct portlock_process *waiters,
		     size_t room, size_t *count)
{
	struct pl_entry entry;
	struct look seen;
	int error;

	if (!lock || !count || (!waiters && room > 0))
		return -EINVAL;
	*count = 0;
	entry = pl_enter();
	error = look_at(&seen, lock);
	if (error == 0) {
		const struct look_lock *first = &seen.locks[0];

		if (first->waiter_count < 0)
			error = -EACCES;
		else
			*count = (size_t)first->waiter_count;
		for (size_t i = 0; i < *count && i < room; i++)
			publish(&waiters[i], &first->waiters[i]);
		look_free(&seen);
	}
	return pl_leave(&entry, error);
}
