/* SPDX-License-Identifier: MIT */
/* hold.h - the portlocks that this process holds for other locks of the
 * program, and the descriptors to which they are tied.
 *
 * For the families that take a portlock first and the program's own lock after
 * it: open, mutex, sysvsem, flock, fcntl, passwd, liblockfile.  A hold stands
 * for one key in this process.  As several of the program's locks may have one
 * key, it counts how many of them it is held for.
 */
#ifndef PORTLOCK_SHIM_HOLD_H
#define PORTLOCK_SHIM_HOLD_H

#include "shim/shim.h"

struct shim_hold;

/* ---- hold_table.c: the keys that this process has a hold for ------------- */

/*
 * The hold for the key that the rule gives a lock of that name, pinned until
 * hold_put().  NULL: too many keys, or one that is too long; that is logged,
 * and the program goes on without us.  Not for signal handlers.
 */
struct shim_hold *hold_get(const struct shim_rule *rule, const char *name);
void hold_put(struct shim_hold *hold);

/* What follows is async-signal-safe and keeps errno. */

/* How many of the program's locks it is held for. */
unsigned hold_count(const struct shim_hold *hold);
/* Of a hold that is pinned or held. */
const struct pl_address *hold_address(const struct shim_hold *hold);
/* Pins it for good, in the child of a fork. */
void hold_keep(struct shim_hold *hold);

/* Held for all threads of this process. */
bool hold_is_everybodys(const struct pl_address *address);
/* In a fork: the token of what its parent held under the key then, 0: it did
 * not.  False: the key is not known here. */
bool hold_inherited(const struct pl_address *address, uint64_t *token);

/* ---- hold.c: taking and letting go --------------------------------------- */

/* Whom a lock of the program belongs to: who else may join a hold for it. */
enum hold_scope {
	HOLD_BY_THREAD,	 /* other threads wait; the same one joins */
	HOLD_BY_PROCESS, /* all threads join */
};

struct hold_wait {
	enum hold_scope scope;
	bool never;	     /* a try */
	bool interruptible;  /* -EINTR after a handler without SA_RESTART */
	bool never_restarts; /* ... or with it */
	bool patient;	     /* the rule's timeout= is not for this wait */
	int64_t deadline; /* the program's, ns of CLOCK_MONOTONIC; a rule with
			     * a timeout= may end the wait before it */
};

/* hold_take() took nothing, but the program may go on with its own lock. */
#define HOLD_WITHOUT 1

/*
 * The result where there is no portlock to be had: the program's own lock
 * excludes on this host, so HOLD_WITHOUT, unless the rule is about a cluster;
 * then it is that of a wait that ended.
 */
int hold_missing(const struct shim_rule *rule, const struct hold_wait *wait);

/*
 * Takes the portlock, or joins the hold.
 * 0: it is held; hold_drop() must follow, once.
 * HOLD_WITHOUT: this process is inside of what an ancestor holds, or there is
 * no portlock to be had (which is logged).
 * -EBUSY for a try, -ETIMEDOUT, -EINTR: the program's call fails.
 * Cancellation is off while it waits; errno is kept.
 */
int hold_take(struct shim_hold *hold, const struct shim_rule *rule,
	      const struct hold_wait *wait);

/* Whether this process is inside still of what an ancestor holds, as
 * hold_take() has found: false as well if that cannot be told.  Others: what
 * this process has locked itself, does not count. */
bool hold_is_inside(const struct shim_hold *hold, bool others);

/* Before this process makes the lock of that file another kind of lock, inside of
 * what is held for it.  Nothing to do but for transport etcd. */
void hold_tell_locker(const struct shim_hold *hold, int file);

/*
 * The lock that it is held for is let go now, and then the hold; or not after
 * all.  Who is inside and gets that lock in between sees that it is not inside
 * any more; heirs expect it still (heir_forget()).  Nothing to do, and false,
 * but for transport etcd.  Async-signal-safe, keeps errno.
 */
bool hold_tell_end(const struct shim_hold *hold, bool ends);

/* It is held for a lock of that open file, which others may go on with when
 * this process has ended: so does what the cluster knows.  Nothing to do but
 * for transport etcd.  Async-signal-safe, keeps errno. */
void hold_outlive(struct shim_hold *hold, int fd);
/* Whether it is so. */
bool hold_outlives(struct shim_hold *hold);

/* Async-signal-safe, keeps errno. */
void hold_drop(struct shim_hold *hold);
/* get, take, put in one, for locks that are not asked for often. */
int hold_take_name(const struct shim_rule *rule, const char *name,
		   const struct hold_wait *wait, struct shim_hold **hold);

/* ---- hold_pass.c: a hold goes to another process ------------------------- */

/* Async-signal-safe, of a hold that is pinned or held. */

/* Sends it away through the socket, if it is held for so many at most. */
bool hold_give(struct shim_hold *hold, int socket, unsigned limit);
/* And back, for nobody yet: the socket is the hold's then. */
bool hold_adopt(struct shim_hold *hold, int socket);
/* One more has it. */
void hold_join(struct shim_hold *hold);

/* ---- turn.c: threads that wait one after the other ----------------------- */

struct turn {
	atomic_int state; /* 0: nobody's */
};

/* 0: it is the caller's turn, until turn_give(); -EAGAIN: it was another
 * thread's, whose is over: look again; -ETIMEDOUT; -EINTR. */
int turn_take(struct turn *turn, int64_t deadline, bool interruptible);
void turn_give(struct turn *turn);

/* ---- tie.c: holds that end with a descriptor ----------------------------- */

/* Why a descriptor has a hold.  One descriptor may have one of each kind. */
enum tie_kind {
	TIE_OPEN,  /* ends with the process's last descriptor of it */
	TIE_FLOCK, /* the open file's: also forked children have it */
	TIE_OFD,
	TIE_KINDS
};

/*
 * Gives the descriptor, and all that will be copied from it, a hold that was
 * taken: it is dropped when the last of them is closed.  False: there is no
 * room, and the hold stays the caller's.
 */
bool tie_make(int fd, enum tie_kind kind, struct shim_hold *hold);

/* What follows is async-signal-safe and keeps errno. */

/* Whether a descriptor has ever had a tie. */
bool tie_has(int fd);
/* The hold of a descriptor, or NULL. */
struct shim_hold *tie_find(int fd, enum tie_kind kind);
/* Drops the hold now, for all copies of the descriptor. */
void tie_cut(int fd, enum tie_kind kind);

/* A close: begin takes the ties off before the real one, as the number may be
 * another file's right after; finish drops what nobody has any more, or undo
 * puts them back.  False: there are none, or this is a child that shares our
 * memory, and nothing is to follow. */
struct tie_end {
	struct tie *ties[TIE_KINDS];
};
bool tie_close_begin(int fd, struct tie_end *end);
void tie_close_finish(struct tie_end *end);
void tie_close_undo(int fd, const struct tie_end *end);

/* A successful dup. */
void tie_copy(int from, int to);

/* The lowest descriptor with a tie in from..last, or -1. */
int tie_next(unsigned from, unsigned last);

/*
 * In the child of a fork the ties of open files (TIE_FLOCK, TIE_OFD) expect
 * what the parent holds (heir.h): tie_find() finds nothing, but the open file
 * may well be locked.
 */
bool tie_expects(int fd, enum tie_kind kind);
/* What it expects, or NULL. */
struct shim_hold *tie_expected(int fd, enum tie_kind kind);
/* What was expected has come, and is held once for each tie. */
void tie_adopt(struct shim_hold *hold);
/* The holds of open files' ties; returns how many. */
int tie_list(struct shim_hold **holds, int limit);

#endif
