/* SPDX-License-Identifier: MIT */
/* attempt.h - one way to the lock: the queue, and the messages in it. */
#ifndef PORTLOCK_ATTEMPT_H
#define PORTLOCK_ATTEMPT_H

#include <stdatomic.h>

#include <portlock/portlock.h>

#include "lib/bundle.h"

/* ---- gate.c: the queue --------------------------------------------------- */

/* One thread's way through the queue; on its stack, listed in the registry. */
struct pl_attempt {
	struct pl_attempt *next, *previous;
	unsigned epoch;		 /* of the process, see pl_epoch() */
	int socket;		 /* bound to nothing yet, or waiting */
	bool trusted;		 /* the listener is of our user */
	bool may_enclose;	 /* or of root: it may be our ancestor */
	pid_t listener;		 /* who that is */
	int64_t joined;		 /* a queue first: CLOCK_BOOTTIME, ns; or 0 */
	uint64_t last_token;	 /* of the holder before us, 0 unknown */
	bool waits_for_rest;	 /* with the gate; it is signed as such */
	uint64_t revision;	 /* etcd: of the grant */
	struct pl_bundle bundle; /* what was won so far */
};

#define PL_NOT_ASKED (-1)
#define PL_NOT_SEEN 0

/* How an acquire waits. */
struct pl_wait {
	int64_t deadline;   /* absolute, ns of CLOCK_MONOTONIC */
	int64_t sleep;	    /* longest pause between attempts, ns */
	bool queue;	    /* false: a try, which never waits */
	bool interruptible; /* end with -EINTR after a signal handler */
	int watch;	    /* end with -ECANCELED when readable; -1: none */
	bool signs_rarely;  /* not in a busy loop, see sign() */
	/*
	 * NULL, or asked where the gate is bound: true ends the acquire with
	 * -EALREADY, as the caller is inside of what the holder has.  Asked
	 * with PL_NOT_ASKED before we connect to the gate, then with the
	 * process that listens on it, or with PL_NOT_SEEN if that is not to be
	 * known (a full queue, another pid namespace).
	 */
	bool (*is_inside)(const struct pl_address *address, pid_t holder);
};

/* Binds the gate into the attempt's bundle: 0, -EADDRINUSE, ...  Signs early:
 * nobody finds it who does not see that we wait for the rest. */
int pl_gate_bind(struct pl_attempt *attempt, const struct pl_address *address,
		 bool signs_early);

/* Joins the queue: 0, -ECONNREFUSED, -EAGAIN (queue full), ... */
int pl_gate_connect(struct pl_attempt *attempt,
		    const struct pl_address *address);

/*
 * Waits in the queue: 0 with a bundle that holds the gate (the attempt's socket
 * is the connection that brought it, for pl_part()), -EAGAIN when the
 * holder went without a grant, -ETIMEDOUT, -EINTR, -ECANCELED, -EMFILE.
 */
int pl_gate_wait(struct pl_attempt *attempt, const struct pl_address *address,
		 const struct pl_wait *how);

/* Whether anybody is in the queue.  Async-signal-safe. */
bool pl_gate_has_waiter(int gate);

/* A handle keeps the connections that carried a grant, to it and from it. */
enum { PL_CAME, PL_WENT, PL_PARTINGS };

/*
 * Keeps a connection that carried a grant (-1: none) and closes the one kept
 * there before.  In a window.
 */
void pl_part(int connection, atomic_int *parting);

/*
 * Gives the bundle to the first waiter that can take it, or closes it: the
 * bundle is empty afterwards, whatever happens.  The token is that of who has
 * held it, and crowded says that there are probably waiters.  *parting keeps
 * the connection of a hand-over (pl_part()).  In a window.  Async-signal-safe.
 */
void pl_gate_hand_over(struct pl_bundle *bundle,
		       const struct pl_address *address, uint64_t token,
		       bool crowded, atomic_int *parting);

/* ---- gate_win.c: to the gate --------------------------------------------- */

/*
 * The gate is in the attempt's bundle then: bound, or out of the queue.  0, or
 * an error of pl_acquire(); PL_STALE.
 */
int pl_gate_win(struct portlock_lock *lock, struct pl_attempt *attempt,
		const struct pl_wait *how);

/* After a fork in a signal handler that interrupted us: we are the child now
 * and our descriptors are closed.  Start over. */
#define PL_STALE (-ECHILD)

/*
 * Sleeps between two attempts where there is no queue to wait in, each time
 * twice as long, up to how->sleep: 0, -ETIMEDOUT, -EINTR, -ECANCELED.  The
 * first pause is PL_PAUSE_FIRST.
 */
int pl_sleep(int64_t *pause, const struct pl_wait *how);
#define PL_PAUSE_FIRST INT64_C(20000) /* ns */

/* ---- grant.c: the message that carries the lock -------------------------- */

/* 0, or -errno of sendmsg(): -EPIPE and -ECONNRESET say that nobody is there. */
int pl_grant_send(int connection, const struct pl_bundle *bundle,
		  uint64_t token);

/*
 * Takes a grant, if there is one, without blocking: 0 with the descriptors in
 * the attempt's bundle; -EAGAIN nothing there yet; -ECONNRESET end of stream
 * or a message that is no grant for this address; -EMFILE descriptors were
 * lost to the limit.  Everything unfit is closed.
 */
int pl_grant_receive(struct pl_attempt *attempt,
		     const struct pl_address *address);

/* ---- cargo.c: descriptors that another user sends us unasked -------------- */

/* Nobody can send any through the socket, or, if it is to listen, through the
 * connections in its queue; in vain before Linux 6.16. */
void pl_cargo_refuse(int socket);

/*
 * Whether another user's connection may have some, so that to close it can take
 * any time.  Nothing can be received through it afterwards.
 */
bool pl_cargo_possible(int connection);

#endif
