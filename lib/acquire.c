/* SPDX-License-Identifier: MIT */
/* acquire.c - the way from nothing to holder: gate, then ports or session, then
 * owner. */
#include "config.h"

#include <errno.h>

#include "probe.h"
#include "session.h"

#define PAUSE_FIRST INT64_C(20000) /* ns */
#define SIGN_EVERY PL_MSEC

/* After a fork in a signal handler that interrupted us: we are the child now
 * and our descriptors are closed.  Start over. */
#define STALE (-ECHILD)

/*
 * Sleeps between two attempts where there is no queue to wait in, each time
 * twice as long, up to how->sleep: 0, -ETIMEDOUT, -EINTR, -ECANCELED.
 */
static int rest(int64_t *pause, const struct pl_wait *how)
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
			*pause = PAUSE_FIRST;
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
		*pause = PAUSE_FIRST;
	}
	error = rest(pause, how);
	return error < 0 ? error : -EAGAIN;
}

static int win_gate(struct portlock_lock *lock, struct pl_attempt *attempt,
		    const struct pl_wait *how)
{
	const struct pl_address *address = &lock->address;
	int64_t pause = 0;

	for (;;) {
		int error = pl_gate_bind(attempt, address);

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
			return STALE;
	}
}

/* Closes the connection that brought the gate. */
static void hang_up(struct pl_attempt *attempt)
{
	pl_window_open();
	if (attempt->socket >= 0)
		pl_ops->close(attempt->socket);
	attempt->socket = -1;
	pl_window_close();
}

/*
 * With the gate ours, only programs that know nothing of it can have the
 * ports.  We alone try again and again; everybody else queues behind us.
 */
static int win_ports(struct pl_attempt *attempt,
		     const struct pl_address *address,
		     const struct pl_wait *how)
{
	int64_t pause = PAUSE_FIRST;

	if (attempt->bundle.ports[PL_QUORUM - 1] >= 0)
		return 0;
	for (;;) {
		int error = pl_ports_bind(&attempt->bundle, address);

		if (error != -EADDRINUSE)
			return error;
		if (!how->queue)
			return -EBUSY;
		/* What stands on the gate is of the holder before us. */
		if (!attempt->waits_for_rest)
			pl_sign(&attempt->bundle, 0);
		attempt->waits_for_rest = true;
		/* Or they are in a message that came after the grant. */
		hang_up(attempt);
		error = rest(&pause, how);
		if (error < 0)
			return error;
		if (attempt->epoch != pl_epoch())
			return STALE;
	}
}

/* Lets a gate go that has not become a lock: whoever is next may try. */
static void pass_on(struct portlock_lock *lock, struct pl_attempt *attempt)
{
	bool crowded = attempt->socket >= 0;

	pl_window_open();
	if (attempt->bundle.gate >= 0) {
		pl_session_part(lock, &attempt->bundle);
		pl_gate_hand_over(&attempt->bundle, &lock->address,
				  attempt->last_token, crowded,
				  &lock->parting[PL_WENT]);
	}
	pl_window_close();
}

/* What came with the gate from a holder of another transport. */
static void drop_foreign(enum pl_transport transport,
			 struct pl_attempt *attempt)
{
	pl_window_open();
	if (transport != PL_TCP)
		pl_bundle_close_ports(&attempt->bundle);
	if (transport != PL_ETCD)
		pl_bundle_close_session(&attempt->bundle);
	pl_window_close();
}

static int win_rest(struct portlock_lock *lock, struct pl_attempt *attempt,
		    const struct pl_wait *how)
{
	switch (lock->transport) {
	case PL_TCP:
		return win_ports(attempt, &lock->address, how);
	case PL_ETCD:
		return pl_session_win(lock, attempt, how);
	default:
		return 0;
	}
}

static int win(struct portlock_lock *lock, struct pl_attempt *attempt,
	       const struct pl_wait *how)
{
	int error = win_gate(lock, attempt, how);

	if (error < 0) {
		drop_partings(lock);
		return error;
	}
	drop_foreign(lock->transport, attempt);
	error = win_rest(lock, attempt, how);
	if (error < 0)
		pass_on(lock, attempt);
	return error;
}

/* Larger than every token before it, also should the clock stand still. */
static uint64_t next_token(uint64_t last)
{
	uint64_t now = (uint64_t)pl_now(CLOCK_BOOTTIME);

	return now > last ? now : last + 1;
}

/* In the queue, ns: tokens are of the same clock. */
static uint64_t waited(const struct pl_attempt *attempt, uint64_t token)
{
	return attempt->joined ? token - (uint64_t)attempt->joined : 0;
}

/*
 * To sign costs a fifth of an uncontended pair of calls.  Who takes a free lock
 * again and again, with less than SIGN_EVERY between, saves it.  A gate that
 * has a signature gets a new one.
 */
static void sign(struct portlock_lock *lock, const struct pl_attempt *attempt,
		 uint64_t token, bool rarely)
{
	bool is_fresh = attempt->last_token == 0 && !attempt->waits_for_rest;

	if (rarely && is_fresh && token - lock->signed_token < SIGN_EVERY)
		return;
	pl_sign(&lock->bundle, token);
	lock->signed_token = token;
}

/* how: NULL if it is the same hold, in another process. */
static int become_holder(struct portlock_lock *lock, struct pl_attempt *attempt,
			 const struct pl_wait *how)
{
	static const struct pl_bundle none = PL_BUNDLE_NONE;
	uint64_t token;

	pl_window_open();
	if (attempt->epoch != pl_epoch()) {
		pl_window_close();
		return STALE;
	}
	/* 0 by now.  The holder before us, if another thread with this handle,
	 * wrote it when it was done with the rest: the kernel brought us the
	 * lock, but only this orders memory. */
	atomic_load(&lock->owner);
	lock->bundle = attempt->bundle;
	attempt->bundle = none;
	pl_part(attempt->socket, &lock->parting[PL_CAME]);
	attempt->socket = -1;
	token = next_token(attempt->last_token);
	if (how)
		sign(lock, attempt, token, how->signs_rarely);
	atomic_store(&lock->timer, lock->bundle.timer);
	atomic_store(&lock->revision, attempt->revision);
	atomic_store(&lock->token, token);
	atomic_store(&lock->owner, pl_thread());
	if (how)
		pl_probe_grant(lock->address.name, token,
			       waited(attempt, token));
	pl_window_close();
	return 0;
}

int pl_acquire(struct portlock_lock *lock, const struct pl_wait *how)
{
	struct pl_attempt attempt;
	int error;

	pl_probe_acquire(lock->address.name);
	pl_process_check();
	if (lock->cluster)
		pl_detail_set(lock->cluster, "");
	do {
		error = pl_registry_begin(&attempt, &lock->address);
		if (error < 0)
			return error;
		error = win(lock, &attempt, how);
		if (error == 0)
			error = become_holder(lock, &attempt, how);
		pl_registry_end(&attempt);
	} while (error == STALE);
	return error;
}

int pl_lock_adopt(struct portlock_lock *lock, int socket)
{
	struct pl_attempt attempt = { .epoch = pl_epoch(),
				      .socket = socket,
				      .trusted = true,
				      .bundle = PL_BUNDLE_NONE };
	int error;

	/* Not listed anywhere, so the window is open until it is done. */
	pl_window_open();
	error = pl_grant_receive(&attempt, &lock->address);
	attempt.revision = pl_session_revision(&attempt.bundle);
	/* Else it is no lock of the cluster that has come. */
	if (error == 0 && lock->transport == PL_ETCD && attempt.revision == 0) {
		pl_bundle_close(&attempt.bundle);
		error = -EIO;
	}
	if (error == 0)
		error = become_holder(lock, &attempt, NULL);
	pl_window_close();
	return error;
}
