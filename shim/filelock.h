/* SPDX-License-Identifier: MIT */
/* filelock.h - locks on open files: flock(2), and fcntl(2) with its kin.
 *
 * The real lock is always taken, after the portlock, and stays the truth: what
 * is held is asked of the kernel (/proc/self/fdinfo), not kept in books.
 */
#ifndef PORTLOCK_SHIM_FILELOCK_H
#define PORTLOCK_SHIM_FILELOCK_H

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>

#include "shim/fd_rule.h"
#include "shim/hold.h"

/* ---- filelock_seen.c: what the kernel says ------------------------------------ */

/* Kinds of locks, as the kernel names them. */
#define SEEN_FLOCK "FLOCK"
#define SEEN_POSIX "POSIX"
#define SEEN_OFD "OFDLCK"

enum {
	SEEN_READ = 1,
	SEEN_WRITE = 2,
	SEEN_UNKNOWN = 4, /* there is no /proc */
	SEEN_OWN = 8,	  /* beside the others: this process called for it */
};

/* The locks of that kind that were taken by this open file, as bits.
 * Async-signal-safe, keeps errno. */
unsigned filelock_seen(int fd, const char *kind);
/* The same of an fdinfo file of any process, but a cancellation point. */
unsigned filelock_seen_in(const char *path, const char *kind);

/* ---- filelock.c: to take one ---------------------------------------------------- */

/* A call of the program that wants a lock. */
struct filelock {
	int fd;
	const struct shim_rule *rule;
	const char *path;
	const char *kind;     /* SEEN_... */
	enum tie_kind tie;    /* not of SEEN_POSIX */
	bool never;	      /* a try */
	int64_t deadline;     /* of the rule's timeout=; PL_NEVER without one */
	int operation;	      /* of flock(): LOCK_SH, LOCK_EX */
	struct flock64 range; /* of fcntl() */
};

/*
 * fcntl() for a struct flock64, which is the struct flock of programs with
 * _FILE_OFFSET_BITS=64, and everybody's where a long has 64 bits.  Of the
 * others F_OFD_SETLK and its kin want to know it: the second entry point does.
 */
static inline int filelock_control(int fd, int command, void *argument)
{
	return sizeof(struct flock) == sizeof(struct flock64)
		       ? REAL(fcntl)(fd, command, argument)
		       : REAL(fcntl64)(fd, command, argument);
}

/* The call's deadline begins now. */
void filelock_begin(struct filelock *lock);

/*
 * The portlock, then the real lock.  0 or -1 with errno, as the real call; the
 * hold that the caller has now is in *hold: NULL, if it goes without.
 */
int filelock_take(const struct filelock *lock, struct shim_hold **hold);

/* The real one alone, within the time that is left. */
int filelock_real(const struct filelock *lock);

/* Whether the open file's lock has its portlock already. */
bool filelock_is_tied(int fd, enum tie_kind tie);

/* In the child of a fork, before what its parent has for the open file becomes
 * another kind of lock.  Nothing to do but for transport etcd. */
void filelock_tell_parent(const struct filelock *lock);

/* filelock_take() for a lock that belongs to the open file. */
int filelock_take_tied(const struct filelock *lock);

/* After locks of the open file became less: drops the holds of its descriptors
 * if nothing is left that they are for (wanted: SEEN_...).  Async-signal-safe,
 * keeps errno. */
void filelock_untie(int fd, enum tie_kind tie, unsigned wanted);

/* ---- filelock_posix.c: those that belong to the process ------------------------- */

/*
 * They end when the process closes any descriptor of the file.  So does the
 * hold, of which each file has one, however many ranges are locked.
 * All but filelock_own() is async-signal-safe, and all keeps errno.
 */

struct filelock_file {
	dev_t device;
	ino64_t inode;
};

/* Which file it is, if that has a hold; costs one load if none has. */
bool filelock_file(int fd, struct filelock_file *file);

/* Whether any file has one. */
bool filelock_owns(void);

/* Whether the file has its hold, which is for what this descriptor locks from
 * now on, too. */
bool filelock_join(int fd);

/* Gives the file a hold that was taken for locks of these kinds (SEEN_...). */
void filelock_own(int fd, unsigned counted, struct shim_hold *hold);

/* After locks became less: drops the hold if nothing is left that it is for
 * (nothing: the caller knows that). */
void filelock_less(int fd, bool nothing);

/* After the close of a descriptor of the file. */
void filelock_closed(const struct filelock_file *file);

/* After closes of descriptors that nobody was asked about. */
void filelock_sweep(void);

#endif
