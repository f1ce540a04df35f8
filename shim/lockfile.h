/* SPDX-License-Identifier: MIT */
/* lockfile.h - what the files of the family "lockfile" share.
 *
 * A lock file that exists is the lock, as ever; the shim only changes what
 * happens when it exists already.  Two portlocks help:
 * - the turnstile, the rule's key, is held while a process waits for the file
 *   to go away and makes it anew: it gives the order of the waiters;
 * - the token, a key that nobody ever had, is held by the maker of a file as
 *   long as it lives and the file is there.  A mark on the file (an extended
 *   attribute) names it: a marked file whose token is free was left by a dead
 *   process, and may be removed.
 */
#ifndef PORTLOCK_SHIM_LOCKFILE_H
#define PORTLOCK_SHIM_LOCKFILE_H

#include <limits.h>
#include <stdio.h>

#include "shim/shim.h"

/* ---- lockfile.c: to make a lock file ---------------------------------------- */

/* A call that makes a file, if there is none: by which function, and how. */
struct lockfile_call {
	/* Makes the call once: a descriptor or 0, -1 with errno. */
	int (*make)(struct lockfile_call *call);
	int directory; /* what the path is relative to */
	const char *path;
	int flags;
	mode_t mode;
	const char *mode_text; /* fopen */
	FILE *stream;	       /* what fopen made */
	int target_directory;  /* link, symlink */
	const char *target;
	/* What it makes, if it is new: not so what link() gives a name, and a
	 * symbolic link takes no mark. */
	bool opens, makes_directory;
};

/* In place of call->make(call): waits for its turn where a rule says so. */
int lockfile_create(struct lockfile_call *call);

/* ---- lockfile_table.c: the attempts and lock files of this process ---------- */

#define LOCKFILE_MARK_MAX 64

/* An attempt to make a lock file, and then the file. */
struct lockfile_entry {
	struct portlock_lock turnstile, token;
	bool has_turnstile, has_token; /* are initialised */
	int watch;		       /* inotify descriptor + 1, 0: none */
	uint64_t state;		       /* of the owner's last look */
	char mark[LOCKFILE_MARK_MAX];
	size_t base; /* where in path the last component begins */
	char path[PATH_MAX];
};

/* An entry for an attempt, or NULL: there are too many. */
struct lockfile_entry *lockfile_claim(void);
/* The attempt ends; made: the file is there, marked, the token held. */
void lockfile_settle(struct lockfile_entry *entry, bool made);

/* These three are async-signal-safe. */

/* After a successful removal of path: lets the token go if that was a file of
 * ours.  If it was renamed, became is its inode, else 0. */
void lockfile_removed(const char *path, ino_t became);
/* The process is about to end or to exec: what it leaves, it leaves on
 * purpose.  Returns a set for lockfile_stay(), should the exec fail. */
uint64_t lockfile_leave(void);
void lockfile_stay(uint64_t left);

/* ---- lockfile_mark.c: marks on files, and the tokens that they name ---------- */

/* Takes a fresh token and marks the file of the entry with it; fd is open on
 * it or -1.  False: there is no mark and no token. */
bool lockfile_mark(struct lockfile_entry *entry, int fd);

/* Async-signal-safe. */
bool lockfile_has_mark(const char *path, const char *mark);
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

/* ---- lockfile_who.c: whose token it can be ------------------------------------ */

bool lockfile_is_ancestor(pid_t pid);
/* Where tokens are visible, as a number: this host since its start, and this
 * network. */
bool lockfile_place(uint64_t *place);

/* ---- lockfile_wait.c --------------------------------------------------------- */

/* Makes the call when the entry's file has gone away and our turn has come, or
 * fails with EEXIST at the end of the rule's patience. */
int lockfile_wait(struct lockfile_call *call, struct lockfile_entry *entry,
		  const struct shim_rule *rule);

/* ---- lockfile_seen.c: files that were opened before their lock was taken ------ */

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
/* The lock at path became the file with that inode: if that is what it
 * protected, the program knows it.  Async-signal-safe. */
void lockfile_seen_replaced(const char *path, ino_t inode);

/* FNV-1a, never 0. */
static inline uint64_t lockfile_hash(const void *data, size_t size)
{
	const unsigned char *byte = data, *end = byte + size;
	uint64_t value = UINT64_C(14695981039346656037);

	for (; byte < end; byte++)
		value = (value ^ *byte) * UINT64_C(1099511628211);
	return value ? value : 1;
}

/* ---- lockfile_path.c: names --------------------------------------------------- */

#define LOCKFILE_SUFFIX ".lock"

const char *lockfile_base(const char *path);

/* Cheap first questions about a path: could a rule match it at all, could one
 * match its name with the suffix put on? */
bool lockfile_fits(const char *path);
bool lockfile_fits_protected(const char *path);
/* Could a rule match anything in that real directory? */
bool lockfile_fits_directory(const char *real);

/*
 * The one absolute path of a file that need not exist: its directory without
 * symbolic links, and its name.  False if there is none or it is too long.
 */
bool lockfile_resolve(int directory, const char *path, char real[PATH_MAX],
		      size_t *base);
/* The absolute path of an open file. */
bool lockfile_path_of_fd(int fd, char real[PATH_MAX]);
/* The path of what a lock protects: without the suffix.  False: it has none. */
bool lockfile_protected(const char *path, char real[PATH_MAX]);

#endif
