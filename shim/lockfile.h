/* SPDX-License-Identifier: MIT */
/* lockfile.h - what the files of the family "lockfile" share.
 *
 * A lock file that exists is the lock, as ever; the shim only changes what
 * happens when it exists already.  Two portlocks help:
 * - the turnstile, the rule's key, is held while a process waits for the file
 *   to go away and makes it anew: it gives the order of the waiters.  If the
 *   rule has a key= it excludes more than this file, and the maker keeps it, as
 *   a hold, until the file has gone;
 * - the token, a key that nobody ever had, is held by the maker of a file as
 *   long as it lives and the file is there.  A mark on the file (an extended
 *   attribute) names it: a marked file whose token is free was left by a dead
 *   process, and may be removed.
 */
#ifndef PORTLOCK_SHIM_LOCKFILE_H
#define PORTLOCK_SHIM_LOCKFILE_H

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "shim/path.h"
#include "shim/shim.h"

struct shim_hold;

/* ---- lockfile.c: to make a lock file ------------------------------------- */

/* A call that makes a file, if there is none: by which function, and how. */
struct lockfile_call {
	/* Makes the call once: a descriptor or 0, -1 with errno. */
	int (*make)(struct lockfile_call *call);
	int directory; /* what the path is relative to */
	const char *path;
	int flags;
	mode_t mode;
	const char *mode_text; /* fopen */
	FILE *stream;	       /* what fopen made; what freopen gets */
	bool reopens;	       /* freopen */
	int target_directory;  /* link, symlink, rename */
	const char *target;
	/* What it makes, or that it gives a file, the target, another name; a
	 * symbolic link is none of these and takes no mark. */
	bool opens, makes_directory, names;
	bool marked; /* the target has the mark that it shall have after it */
	int64_t look_again; /* ns after which to try once more, though nothing
			     * has changed; 0: never */
};

/* In place of call->make(call): waits for its turn where a rule says so. */
int lockfile_obtain(struct lockfile_call *call);

/* ---- lockfile_table.c: the attempts and lock files of this process ------- */

#define LOCKFILE_MARK_MAX 64

/* An attempt to make a lock file, and then the file. */
struct lockfile_entry {
	struct portlock_lock turnstile, token;
	bool has_turnstile, has_token; /* are initialised */
	bool marked;		       /* the file is made, and is this one */
	struct shim_hold *hold;	       /* of an explicit key=, or NULL */
	uint64_t identity;
	int watch;	/* inotify descriptor + 1, 0: none */
	uint64_t state; /* of the owner's last look */
	char mark[LOCKFILE_MARK_MAX];
	size_t base; /* where in path the last component begins */
	char path[PATH_MAX];
};

/* An entry for an attempt, or NULL: there are too many. */
struct lockfile_entry *lockfile_claim(void);
/* The attempt ends.  If its file is marked the token stays held; and a hold of
 * its key until the file has gone. */
void lockfile_settle(struct lockfile_entry *entry);

/* Whether that is the mark of a lock file of this process. */
bool lockfile_is_our_mark(const char *mark);

/* ---- lockfile_end.c: they go, or the process ----------------------------- */

/* All of this is async-signal-safe and keeps errno. */

/* A removal or renaming, and the file of ours that it is about. */
struct lockfile_end {
	int directory;
	const char *path;
	int index;     /* of the entry; -1: the file is not ours */
	bool unmarked; /* it has another name, which shall have no mark */
	/* This process is just removing the file of that path, which has gone;
	 * the next one there is somebody else's. */
	bool late;
};

/* Before the real call. */
void lockfile_end_begin(struct lockfile_end *end, int directory,
			const char *path);
/* After it, with its result: lets the token go if the file has gone. */
void lockfile_end_finish(const struct lockfile_end *end, int result);
/* The process is about to end, to exec or to lose its rights: what it leaves,
 * it leaves on purpose.  Returns a set for lockfile_stay(), which marks what
 * it still can reach. */
uint64_t lockfile_leave(void);
void lockfile_stay(uint64_t left);
/* Lets go of what is held for files that others have removed. */
void lockfile_forget_gone(const struct shim_hold *hold);

/* ---- lockfile_make.c ----------------------------------------------------- */

/* Makes the call once, and the file, if it is new, is marked. */
int lockfile_make(struct lockfile_call *call, struct lockfile_entry *entry);
/* Closes and removes what the call made by that name. */
void lockfile_unmake(struct lockfile_call *call, const char *name, int result);

/* ---- lockfile_link.c ----------------------------------------------------- */

/* The same for a call that gives a file another name. */
int lockfile_make_name(struct lockfile_call *call,
		       struct lockfile_entry *entry);

/* ---- lockfile_attribute.c: the extended attribute of a mark -------------- */

/* What becomes of a symbolic link at the end of the path. */
enum lockfile_links { LOCKFILE_NO_FOLLOW, LOCKFILE_FOLLOW };

/* As setxattr() and its kin.  Async-signal-safe. */
int lockfile_attribute_set(const char *path, enum lockfile_links links,
			   const char *mark, int flags);
int lockfile_attribute_set_fd(int fd, const char *mark);
ssize_t lockfile_attribute_get(const char *path, enum lockfile_links links,
			       char *mark, size_t size);
void lockfile_attribute_remove(const char *path, enum lockfile_links links);

/* ---- lockfile_mark.c: marks on files, and the tokens that they name ------ */

/*
 * Takes a key that nobody ever had as the token of the entry, and builds its
 * mark.  One that is held may be that of another thread, or of a process with
 * our number in another pid namespace.
 */
bool lockfile_take_token(struct lockfile_entry *entry);
/* Marks the entry's file, which has that name now; fd is open on it or -1. */
bool lockfile_mark(struct lockfile_entry *entry, const char *name, int fd);

/* Async-signal-safe. */
bool lockfile_has_mark(const char *path, const char *mark);
/* Surely not: not if it cannot be read. */
bool lockfile_lost_mark(const char *path, const char *mark);
void lockfile_put_mark(const char *path, const char *mark);
void lockfile_take_mark(const char *path);
/* Whether a file has any mark; takes it off.  Relative to a directory. */
bool lockfile_is_marked_at(int directory, const char *path);
void lockfile_take_mark_at(int directory, const char *path);

enum lockfile_maker {
	LOCKFILE_UNKNOWN, /* no mark, or one from another host or network */
	LOCKFILE_ALIVE,	  /* entry->token is a handle for its token */
	LOCKFILE_DEAD,	  /* the file is removed, if it had not gone before */
	LOCKFILE_OURS,	  /* this thread, or an ancestor that waits for us */
};

/* Who made the entry's file? */
enum lockfile_maker lockfile_look(struct lockfile_entry *entry);

/* Waits until an ALIVE maker dies, or lets go as it has removed the file: 0
 * with the file gone, or an error of pl_acquire(), or -ENOTEMPTY. */
int lockfile_outlive(struct lockfile_entry *entry, const struct pl_wait *how);

/* ---- lockfile_who.c ------------------------------------------------------ */

/* Where tokens are visible, as a number: this host since its start, and this
 * network. */
bool lockfile_place(uint64_t *place);

/* ---- lockfile_wait.c ----------------------------------------------------- */

/* Makes the call when the entry's file has gone away and our turn has come, or
 * fails with EEXIST at the end of the rule's patience. */
int lockfile_wait(struct lockfile_call *call, struct lockfile_entry *entry,
		  const struct shim_rule *rule);

/* ---- lockfile_key.c: an explicit key= ------------------------------------ */

/*
 * Takes the key for the file that is to be made, until the deadline; never: a
 * try.  False: somebody else has it, and the file counts as being there.
 */
bool lockfile_key_take(struct lockfile_entry *entry,
		       const struct shim_rule *rule, int64_t deadline,
		       bool never);
/* The result of the call: if it made nothing the key goes. */
void lockfile_key_settle(struct lockfile_entry *entry, int result);

/* Async-signal-safe, keeps errno. */
void lockfile_key_drop(struct lockfile_entry *entry);

/* Whether the file that an entry was made for is not at its path any more. */
bool lockfile_is_gone(const struct lockfile_entry *entry);

/* ---- lockfile_seen.c: files that were opened before their lock was taken - */

/*
 * The program opened, or failed to find (fd -1), a file that a lock may
 * protect.  Async-signal-safe, keeps errno.
 */
void lockfile_saw(int directory, const char *path, int fd);

struct lockfile_seen;

/* What is known of the file that the lock at path protects, or NULL. */
struct lockfile_seen *lockfile_seen_find(const char *path);
/* Whether the file is as it was when it was first seen; if not, it counts as
 * never seen from here on. */
bool lockfile_seen_recheck(struct lockfile_seen *seen, const char *path);
/* The process that holds the lock at path is about to let it go: what it has
 * written to the file since then, it knows.  Async-signal-safe. */
void lockfile_seen_written(const char *path);
/* The lock at path became the file with that identity: if that is what it
 * protected, the program knows it.  Async-signal-safe. */
void lockfile_seen_replaced(const char *path, uint64_t identity);

/* ---- lockfile_path.c: names ---------------------------------------------- */

#define LOCKFILE_SUFFIX ".lock"

/* Of what statx() says with this mask: as long as the machine runs no two files
 * share one.  The inode number alone may be reused at once. */
#define LOCKFILE_IDENTITY (STATX_INO | STATX_BTIME)
uint64_t lockfile_identity(const struct statx *about);

/* Cheap first questions about a path: could a rule match it at all, could one
 * match its name with the suffix put on? */
bool lockfile_fits(const char *path);
bool lockfile_fits_protected(const char *path);
/* Could a rule match anything in that real directory? */
bool lockfile_fits_directory(const char *real);

/* The path of what a lock protects: without the suffix.  False: it has none. */
bool lockfile_protected(const char *path, char real[PATH_MAX]);

#endif
