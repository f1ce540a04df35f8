/* SPDX-License-Identifier: MIT */
/* acquire.c - the way from nothing to holder: gate, then ports or session, then
 * owner. */
#include "config.h"

#include <errno.h>

#include "probe.h"
#include "session.h"

#define SIGN_EVERY PL_MSEC

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
	int64_t pause = PL_PAUSE_FIRST;

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
		error = pl_sleep(&pause, how);
		if (error < 0)
			return error;
		if (attempt->epoch != pl_epoch())
			return PL_STALE;
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
	int error = pl_gate_win(lock, attempt, how);

	if (error < 0)
		return error;
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
		return PL_STALE;
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
	pl_lock_show(lock);
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
	} while (error == PL_STALE);
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
