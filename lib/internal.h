/* SPDX-License-Identifier: MIT */
/* internal.h - what the files of the core share; for lib, shim and unit tests.
 *
 * Data flows one way: key -> address -> bundle (bundle.h) -> attempt (attempt.h)
 * -> handle (here), above the system (ops.h) and in a process that forks
 * (process.h).  Functions return 0 or a negative errno unless said otherwise,
 * and leave errno to their caller (the public entries restore it).
 */
#ifndef PORTLOCK_INTERNAL_H
#define PORTLOCK_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <portlock/portlock.h>

#include "lib/attempt.h"
#include "lib/bundle.h"
#include "lib/ops.h"
#include "lib/process.h"

/* ---- lock.c: the handle -------------------------------------------------- */

enum pl_transport { PL_TCP, PL_UNIX, PL_ETCD };

#define PL_RELEASING UINT64_MAX /* an owner: release in progress */

struct portlock_lock {
	struct portlock_lock *next, *previous; /* in the registry */
	struct pl_address address;
	enum pl_transport transport;
	int64_t timeout_ms;
	int64_t sleep; /* ns */
	/* 0: not held; else pl_thread() of who acquired, or PL_RELEASING.
	 * What follows belongs to the owner. */
	_Atomic uint64_t owner;
	_Atomic uint64_t token;	   /* see pl_token() */
	_Atomic uint64_t revision; /* etcd: of the grant; else 0 */
	atomic_int session, timer; /* the bundle's, for who only looks */
	uint64_t signed_token;	   /* the last that was written on a gate */
	struct pl_bundle bundle;
	atomic_int parting[PL_PARTINGS]; /* see pl_part() */
	struct pl_cluster *cluster;	 /* etcd: which; else NULL */
	struct pl_bundle parked; /* etcd: a session for later, of who has the
				    gate */
};

/* What a public function must leave as it found it. */
struct pl_entry {
	int saved_errno;
	int cancel_state;
};

/* The first and the last thing that a public function does if it makes system
 * calls: no cancellation in between, and the error is of the documented ones. */
struct pl_entry pl_enter(void);
int pl_leave(const struct pl_entry *entry, int error);

/* Who only looks sees what the bundle has now.  By its owner. */
void pl_lock_show(struct portlock_lock *lock);

/* Held, by this process, as far as this host knows.  Async-signal-safe. */
bool pl_is_held(const struct portlock_lock *lock);

/* Held and not lost to the cluster.  Async-signal-safe. */
bool pl_is_sure(const struct portlock_lock *lock);

/*
 * portlock_open() without the allocation, in memory of the caller (the shim
 * has its handles in static tables).  pl_lock_fini() releases and unlists.
 */
int pl_lock_init(struct portlock_lock *lock, const char *key,
		 const struct portlock_options *options);
void pl_lock_fini(struct portlock_lock *lock);

/*
 * Instead of a release: sends a held lock to another process of this user,
 * through a connected socket, in whose buffer it stays whole until it is
 * adopted.  0, or -errno and it is held as before.  Async-signal-safe.
 */
int pl_lock_give(struct portlock_lock *lock, int socket);

/* ---- options.c: what portlock_open() is told ------------------------------- */

/* The defaults with what the caller knows put over them: 0 or -EINVAL. */
int pl_options_read(struct portlock_options *options,
		    const struct portlock_options *given);

/* What the options say, else the environment, else tcp: 0 or -EINVAL. */
int pl_options_transport(enum pl_transport *transport,
			 const struct portlock_options *options);

/* ---- acquire.c: the way from nothing to holder --------------------------- */

/*
 * The whole acquire; what the public entries and the shim use.  The errors of
 * portlock_acquire(), before the filter, and those of how's members; -EBUSY
 * for a try.
 */
int pl_acquire(struct portlock_lock *lock, const struct pl_wait *how);

/*
 * Becomes the holder of what pl_lock_give() has sent: 0, and the socket is the
 * handle's now; -EAGAIN: nothing there; other errors: nothing of use.  The
 * handle is not held before.  Async-signal-safe.
 */
int pl_lock_adopt(struct portlock_lock *lock, int socket);

/* ---- error.c ------------------------------------------------------------- */

/*
 * The error of a system call, by errno.  What is no lack and no refusal is
 * -EIO, as numbers like EINVAL and ETIMEDOUT mean other things to our callers.
 */
int pl_failure(void);

/* Maps any errno onto the documented set. */
int pl_error_filter(int error);

#endif
