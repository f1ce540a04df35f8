/* SPDX-License-Identifier: MIT */
/* gate_win.c - to the gate: it is free, or comes to us in the queue. */
#include "config.h"

#include <errno.h>

#include "internal.h"
#include "probe.h"

int pl_sleep(int64_t *pause, const struct pl_wait *how)
{
	struct pollfd watch = { .fd = how->watch, .events = POLLIN };
	int64_t end;
	int ready;

	if (pl_expired(how->deadline))
		return -ETIMEDOUT;
	end = pl_now(CLOCK_MONOTONIC) + *pause;
	if (end > how->deadline)
		end = how->deadline;
	do
		ready = pl_poll(&watch, how->watch >= 0 ? 1 : 0, end);
	while (ready == -EINTR && !how->interruptible && !pl_expired(end));
	*pause = *pause * 2 < how->sleep ? *pause * 2 : how->sleep;
	if (ready == -EINTR && !how->interruptible)
		return 0;
	if (ready < 0)
		return ready;
	return ready > 0 ? -ECANCELED : 0;
}

/* A connection is there that shall not wait.  The holder may let go at this
 * very moment: what it has sent counts. */
static int leave_queue(struct pl_attempt *attempt,
		       const struct pl_address *address, int error)
{
	static const struct pl_wait at_once = { .watch = -1 };

	return pl_gate_wait(attempt, address, &at_once) == 0 ? 0 : error;
}

static bool is_inside(const struct pl_address *address,
		      const struct pl_wait *how, pid_t holder)
{
	return how->is_inside && how->is_inside(address, holder);
}

/* Root's children may be another user's, as of runuser, su or a daemon that
 * gave its privileges up.  Any other user's process could let the key go while
 * we rely on it, and so make two holders. */
static bool is_inside_of_listener(const struct pl_attempt *attempt,
				  const struct pl_address *address,
				  const struct pl_wait *how)
{
	return attempt->may_enclose &&
	       is_inside(address, how, attempt->listener);
}

/* A try finds the gate bound: 0 with the gate after all, -EALREADY, -EBUSY. */
static int look_who(struct pl_attempt *attempt,
		    const struct pl_address *address, const struct pl_wait *how)
{
	bool inside;
	int error;

	if (!how->is_inside)
		return -EBUSY;
	error = pl_gate_connect(attempt, address);
	if (error == -EAGAIN && is_inside(address, how, PL_NOT_SEEN))
		return -EALREADY;
	if (error < 0)
		return -EBUSY;
	inside = is_inside_of_listener(attempt, address, how);
	return leave_queue(attempt, address, inside ? -EALREADY : -EBUSY);
}

/* The connections of the handle's last hand-overs: whether there were any. */
static bool drop_partings(struct portlock_lock *lock)
{
	bool dropped = false;

	for (int i = 0; i < PL_PARTINGS; i++) {
		if (atomic_load(&lock->parting[i]) < 0)
			continue;
		pl_window_open();
		pl_part(-1, &lock->parting[i]);
		pl_window_close();
		dropped = true;
	}
	return dropped;
}

/*
 * Waits in the queue, or pauses where there is none.  0: the gate is in the
 * attempt's bundle; -EAGAIN: worth another try at once.
 */
static int queue_up(struct portlock_lock *lock, struct pl_attempt *attempt,
		    const struct pl_wait *how, int64_t *pause)
{
	const struct pl_address *address = &lock->address;
	int error = pl_gate_connect(attempt, address);

	if (error == 0) {
		int64_t start = pl_now(CLOCK_BOOTTIME);

		if (attempt->joined == 0)
			attempt->joined = start;
		drop_partings(lock);
		if (is_inside_of_listener(attempt, address, how))
			return leave_queue(attempt, address, -EALREADY);
		pl_probe_wait(address->name, attempt->listener);
		error = pl_gate_wait(attempt, address, how);
		if (error != -EAGAIN)
			return error;
		/* The holder hung up on us.  Usually the name is free now; but
		 * one that does so again and again, at once, must not keep us
		 * busy. */
		if (*pause == 0 ||
		    pl_now(CLOCK_BOOTTIME) - start > how->sleep) {
			*pause = PL_PAUSE_FIRST;
			return -EAGAIN;
		}
	} else if (error != -ECONNREFUSED && error != -EAGAIN) {
		return error;
	}
	/* Bound but not listening: between bind and listen, or a k3portlock.
	 * Or the queue is full. */
	if (*pause == 0) {
		if (error == -EAGAIN && is_inside(address, how, PL_NOT_SEEN))
			return -EALREADY;
		*pause = PL_PAUSE_FIRST;
	}
	error = pl_sleep(pause, how);
	return error < 0 ? error : -EAGAIN;
}

static int win_gate(struct portlock_lock *lock, struct pl_attempt *attempt,
		    const struct pl_wait *how)
{
	const struct pl_address *address = &lock->address;
	/* What an answer of the cluster takes is long; without one, a gate is
	 * worth no signature that is not a holder's. */
	bool signs_early = lock->transport == PL_ETCD;
	int64_t pause = 0;

	for (;;) {
		int error = pl_gate_bind(attempt, address, signs_early);

		if (error != -EADDRINUSE) {
			bool dropped = drop_partings(lock);

			/* They were what it lacked. */
			if (dropped && (error == -EMFILE || error == -ENFILE))
				continue;
			return error;
		}
		if (is_inside(address, how, PL_NOT_ASKED))
			return -EALREADY;
		if (!how->queue)
			return look_who(attempt, address, how);
		error = queue_up(lock, attempt, how, &pause);
		if (error != -EAGAIN)
			return error;
		if (attempt->epoch != pl_epoch())
			return PL_STALE;
	}
}

int pl_gate_win(struct portlock_lock *lock, struct pl_attempt *attempt,
		const struct pl_wait *how)
{
	int error = win_gate(lock, attempt, how);

	if (error < 0)
		drop_partings(lock);
	return error;
}
