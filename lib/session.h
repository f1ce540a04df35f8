/* SPDX-License-Identifier: MIT */
/* session.h - the part of a bundle that is a lock in a cluster.
 *
 * A session is a socket to a helper process, portlock-session, which is in the
 * queue of an etcd cluster for us, and a timer that runs as long as the lock
 * there is ours (lib/etcd/protocol.h).  Only who has the gate uses one, so a
 * session needs no lock of its own: not in a bundle on its way, and not in a
 * handle, which keeps one for its next acquire ("parked").
 *
 * Who gets a session with the gate finds out from a note what it is good for.
 * Like a signature (sign.c) it is written where the kernel keeps it with the
 * socket, as its times.
 */
#ifndef PORTLOCK_SESSION_H
#define PORTLOCK_SESSION_H

#include "lib/etcd/protocol.h"
#include "lib/internal.h"

/* ---- cluster.c: which cluster, and how ------------------------------------ */

#define PL_DETAIL_SIZE 256

struct pl_cluster {
	const char *helper; /* the program's path */
	unsigned local_grants;
	int64_t local_ns;
	int margin_ms; /* SESSION_MARGIN */
	/* What was told about the last failure; see pl_detail_*(). */
	atomic_flag detail_in_use;
	char detail[PL_DETAIL_SIZE];
	size_t size; /* of the packet */
	char packet[];
};

/*
 * From options and environment what a handle of transport etcd needs, allocated
 * by pl_ops->calloc; also the address's session.  0, -EINVAL, -ENOMEM.
 */
int pl_cluster_make(struct pl_cluster **cluster, struct pl_address *address,
		    const char *key, const struct portlock_options *options);

/* Names a variable for which pl_cluster_make() fails, where no option is given
 * in its place: what it sends to the helper, that one judges.  False: none. */
bool pl_cluster_wrong_variable(char text[PL_DETAIL_SIZE]);

/* As the user gave them. */
const char *pl_cluster_endpoints(const struct pl_cluster *cluster);

/* Wipes the password; NULL: no effect. */
void pl_cluster_free(struct pl_cluster *cluster);

/* The text of an acquire's failure; "" forgets it. */
void pl_detail_set(struct pl_cluster *cluster, const char *text);
void pl_detail_get(struct pl_cluster *cluster, char text[PL_DETAIL_SIZE]);

/* ---- session.c: what is a session; where it goes --------------------------- */

/* Whether the descriptor is a session of the address: the socket, the timer. */
bool pl_is_session(int fd, const struct pl_address *address);
bool pl_is_timer(int fd);

/* Whether the cluster's lock is held, as of now.  Async-signal-safe. */
bool pl_timer_runs(int timer);

/* The create revision of a session that was won; 0 without. */
uint64_t pl_session_revision(const struct pl_bundle *bundle);

/*
 * Before the bundle goes: the session goes along if there are waiters, and
 * into the handle if not.  The cluster's lock is given back unless the next
 * here may have it.  In a window.  Async-signal-safe.
 */
void pl_session_part(struct portlock_lock *lock, struct pl_bundle *bundle);

/* With the gate: the one that is in the handle, if any, goes into the (empty)
 * places of the bundle.  In a window. */
bool pl_session_unpark(struct portlock_lock *lock, struct pl_bundle *bundle);

/*
 * The lock is let go and the handle of no more use: returns when what it had in
 * the cluster is given back, or after that time.
 */
void pl_session_finish(struct portlock_lock *lock, int64_t timeout_ms);

/* ---- session_start.c ------------------------------------------------------ */

/* Starts a helper: its session is in the (empty) places of the bundle then.  0
 * or -errno.  In a window. */
int pl_session_start(struct pl_bundle *bundle, const struct pl_address *address,
		     const struct pl_cluster *cluster);

/* ---- session_note.c: what a session is good for ---------------------------- */

struct pl_note {
	uint64_t value;	 /* the request's number, once granted the revision; 0:
			    nothing is asked for */
	unsigned served; /* grants on this host by this one of the cluster */
	int64_t since;	 /* of the first: see pl_note_age() */
	bool unknown;	 /* it cannot be read */
};

struct pl_note pl_note_read(int session);

/* 0 or -errno: the note as given, of a first grant, and of no request. */
int pl_note_write(int session, const struct pl_note *note);
int pl_note_grant(int session, uint64_t revision);
int pl_note_forget(int session);

/* Nanoseconds since the first grant. */
int64_t pl_note_age(const struct pl_note *note);

/* ---- session_ask.c: what the helper is asked, and answers ------------------- */

/* 0, or -EPIPE: the helper is gone, or is none. */
int pl_session_ask(int session, enum session_request_kind kind,
		   uint64_t number);

/* The same, and -EAGAIN: nothing there.  flags: of recvmsg(). */
int pl_session_hear(int session, struct session_answer *answer, int flags);

/* Whether the helper has read all that it was asked, as far as one can tell. */
bool pl_session_has_read(int session);

/* Nothing is asked for any more; a helper that does not even take this is none
 * and its session is closed.  In a window.  Async-signal-safe. */
void pl_session_end_turn(struct pl_bundle *bundle);

/* Why the lock that is held was lost: what the helper has told, or that it is
 * not there any more. */
bool pl_session_reason(const struct portlock_lock *lock,
		       char text[PL_DETAIL_SIZE]);

/* ---- session_win.c: with the gate, to the lock of the cluster --------------- */

/*
 * Gets the lock of the cluster, by the session that came with the gate, the
 * parked one, or a new one.  Errors as of pl_acquire(), and PL_STALE; the
 * session is in the bundle even then if somebody else can go on with it.
 */
int pl_session_win(struct portlock_lock *lock, struct pl_attempt *attempt,
		   const struct pl_wait *how);

#endif
