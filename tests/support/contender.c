/* SPDX-License-Identifier: MIT */
/* contender.c - a process with a handle that does as it is told. */
#include "config.h"

#include <poll.h>
#include <stdlib.h>

#include "support.h"

enum command { ACQUIRE, TRY, RELEASE, TOKEN, HAS_LOCKED, LOST, STRESS };

struct setup {
	const char *key;
	const char *transport;
};

portlock_t *open_lock(const char *key, const char *transport)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	portlock_t *lock;

	options.transport = transport;
	options.timeout_ms = -1;
	require(portlock_open(&lock, key, &options) == 0);
	return lock;
}

static int64_t stress(struct child *parent, portlock_t *lock)
{
	struct guarded *guarded = (struct guarded *)(intptr_t)hear(parent);
	int64_t count = hear(parent);

	for (int64_t i = 0; i < count; i++) {
		int error = portlock_acquire_for(lock, -1);

		if (error < 0)
			return error;
		guarded_touch(guarded);
		portlock_release(lock);
	}
	return 0;
}

static int64_t wait_lost(portlock_t *lock)
{
	struct pollfd lost = { .fd = portlock_lost_fd(lock), .events = POLLIN };

	return poll(&lost, 1, -1);
}

static int64_t obey(struct child *parent, portlock_t *lock,
		    enum command command)
{
	switch (command) {
	case ACQUIRE:
		return portlock_acquire_for(lock, hear(parent));
	case TRY:
		return portlock_try_lock(lock);
	case RELEASE:
		return portlock_release(lock);
	case TOKEN:
		return (int64_t)portlock_token(lock);
	case HAS_LOCKED:
		return portlock_has_locked(lock);
	case LOST:
		return wait_lost(lock);
	case STRESS:
		return stress(parent, lock);
	}
	return -1;
}

static void contend(struct child *parent, void *argument)
{
	struct setup *setup = argument;
	portlock_t *lock = open_lock(setup->key, setup->transport);
	int64_t command;

	while (hear_or_end(parent, &command))
		say(parent, obey(parent, lock, (enum command)command));
	portlock_close(lock);
}

struct child *contender_start(const char *key, const char *transport)
{
	struct setup setup = { key, transport };

	return child_start(contend, &setup);
}

static int64_t order(struct child *contender, enum command command)
{
	say(contender, command);
	return hear(contender);
}

void contender_begin(struct child *contender, int64_t timeout_ms)
{
	say(contender, ACQUIRE);
	say(contender, timeout_ms);
}

int contender_result(struct child *contender)
{
	return (int)hear(contender);
}

int contender_acquire(struct child *contender, int64_t timeout_ms)
{
	contender_begin(contender, timeout_ms);
	return contender_result(contender);
}

void contender_queue(struct child *contender, const char *key,
		     int64_t timeout_ms)
{
	int length = gate_queue(key);

	contender_begin(contender, timeout_ms);
	wait_for_queue(key, length + 1);
	wait_asleep(contender->pid);
}

int contender_try(struct child *contender)
{
	return (int)order(contender, TRY);
}

void contender_release(struct child *contender)
{
	require(order(contender, RELEASE) == 0);
}

uint64_t contender_token(struct child *contender)
{
	return (uint64_t)order(contender, TOKEN);
}

bool contender_has_locked(struct child *contender)
{
	return order(contender, HAS_LOCKED) != 0;
}

void contender_wait_lost(struct child *contender)
{
	require(order(contender, LOST) == 1);
}

void contender_stress(struct child *contender, struct guarded *guarded,
		      int count)
{
	say(contender, STRESS);
	say(contender, (intptr_t)guarded);
	say(contender, count);
}
