/* SPDX-License-Identifier: MIT */
/* shim.h - what the files of the shim share.
 *
 * Rules of conduct: the shim adds exclusion and never removes it; a call that
 * no rule matches behaves exactly as before; errno and results are those that
 * the real function may give; nothing is printed unless PORTLOCK_LOG asks, but
 * that a lock was lost (lost.h), and then by write(2); nothing blocks or
 * allocates in a constructor.
 */
#ifndef PORTLOCK_SHIM_H
#define PORTLOCK_SHIM_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/internal.h"

/* Marks an entry point that replaces libc's. */
#define SHIM_HOOK __attribute__((visibility("default")))

/* ---- real.c: libc's own functions, looked up at their first use ---------- */

/*
 * REAL(open)(path, flags, mode) calls the next definition of open.  The names
 * are listed in real.h; a missing one fails with ENOSYS, never with a crash.
 */
#include "shim/real.h"

/* ---- guard.c: who is calling --------------------------------------------- */

/*
 * True when a hook may act: the call does not come from inside the shim (this
 * thread), and not from a child that shares or copied our memory without
 * running fork handlers (vfork, _Fork).  If true, shim_leave() must follow;
 * in between, the thread's other hooked calls go straight to libc.
 * Cheap, allocates nothing, async-signal-safe, keeps errno.
 */
bool shim_enter(void);
void shim_leave(void);

/*
 * The second half of that question alone, for hooks that must work while a
 * signal handler interrupts the shim (releases).
 */
bool shim_same_process(void);

/*
 * The mutex of all static tables, for short stretches that call neither the
 * core nor the program; fork() waits for it.  Not for signal handlers.
 */
void shim_tables_lock(void);
void shim_tables_unlock(void);

/* ---- rules.c: the rules' grammar (in the command, too) ------------------- */

enum shim_family {
	SHIM_SEM,
	SHIM_LOCKFILE,
	SHIM_OPEN,
	SHIM_MUTEX,
	SHIM_SYSVSEM,
	SHIM_FLOCK,
	SHIM_FCNTL,
	SHIM_PASSWD,
	SHIM_LIBLOCKFILE,
	SHIM_FAMILIES
};

struct shim_rule {
	enum shim_family family;
	unsigned line;	       /* of its text, from 1 */
	const char *pattern;   /* see pattern.h: * crosses / */
	const char *key;       /* template, NULL: FAMILY:NAME */
	int64_t timeout_ms;    /* -1: for ever; some families' default is not */
	const char *transport; /* "unix" by default */
	bool warns;	       /* on-lost=warn */
	const char *log;       /* place of its lines; NULL: PORTLOCK_LOG's */
	bool until_exit;       /* hold=exit */
	bool bypass_shared;    /* shared=bypass, the default but for open */
	bool unguarded;	       /* guard=no */
};

static inline bool shim_rule_is_etcd(const struct shim_rule *rule)
{
	return rule->transport[0] == 'e';
}

/* Where and why a text is not a rule. */
struct shim_rule_error {
	unsigned line, column; /* from 1 */
	const char *example;   /* a good rule of that family; NULL: no help */
	char message[256];     /* what is wrong, what would be right */
};

/* The most that a program starts with: rules, and bytes of their text. */
#define SHIM_RULES_MAX 128
#define SHIM_RULES_TEXT_MAX (64 * 1024)

/*
 * Parses rules, one a line ('#' comments, blank lines, 'single' and "double"
 * quotes, backslash), in place: text is changed and must live as long as the
 * rules.  Returns how many, at most limit, or -1 with *error set.
 */
int shim_rules_parse(char *text, struct shim_rule *rules, int limit,
		     struct shim_rule_error *error);

/* ---- families.c: what is different from family to family ----------------- */

struct shim_family_facts {
	const char *name;
	const char *example; /* a good rule */
	/* The names of its locks: as shapes (pattern.h), and in words; and what
	 * is likely to be missing before a pattern that fits none. */
	const char *shapes[2], *names, *missing;
	bool paths;	  /* they are paths of files */
	const char *proc; /* what tells the names of its locks; NULL: no file */
	/* The functions that take its locks and that end them, without libc's
	 * aliases (__open); when a lock ends, and what the program gets at the
	 * end of timeout=. */
	const char *takers, *enders, *until, *expired;
	/* With transport=etcd, where that is not as without: when the portlock
	 * ends, and its key; or NULL. */
	const char *cluster_until, *cluster_key;
	int timeout_ms;	     /* -1: none */
	const char *no_hold; /* why there is no hold=exit; NULL: there is */
	bool has_shared;     /* there is shared= */
	bool bypass_shared;  /* its default */
};

extern const struct shim_family_facts shim_families[SHIM_FAMILIES];

static inline const char *shim_family_name(enum shim_family family)
{
	return shim_families[family].name;
}

/* ---- key.c: from a name and a rule to a key ------------------------------ */

#define SHIM_KEY_MAX 4352
/*
 * The key for a lock of that name: %n the name, %b its last component, %d its
 * directory, %u the effective uid, %% a percent sign.  False: too long.
 */
bool shim_rule_key(const struct shim_rule *rule, const char *name,
		   char key[SHIM_KEY_MAX]);

/* ---- env.c: what the environment says ------------------------------------ */

/* Bits of the families that have rules; of all, as long as nobody asked. */
extern atomic_uint shim_families_ruled;
bool shim_family_look_up(enum shim_family family);

/*
 * Whether PORTLOCK_RULES or PORTLOCK_RULES_FILE have rules of that family.
 * They are read once, at the start; every hook asks, so "no" is one load.
 */
static inline bool shim_family_has_rules(enum shim_family family)
{
	return (atomic_load_explicit(&shim_families_ruled,
				     memory_order_relaxed) &
		1u << family) &&
	       shim_family_look_up(family);
}

/* The first rule of the family whose pattern matches name, or NULL. */
const struct shim_rule *shim_rule_find(enum shim_family family,
				       const char *name);
/* The family's next rule, its first one for NULL; NULL after the last one. */
const struct shim_rule *shim_rule_next(enum shim_family family,
				       const struct shim_rule *rule);

/* What PORTLOCK_LOG says, NULL: nothing is to be logged. */
const char *shim_log_place(void);

/* A variable of transport etcd, as it was at the start; NULL: there was none. */
const char *shim_variable(const char *name);

/* A handle for that rule and name, in memory of the caller; 0 or -errno, which
 * is logged. */
int shim_lock_init(struct portlock_lock *lock, const struct shim_rule *rule,
		   const char *name);

/* FNV-1a, never 0. */
static inline uint64_t shim_hash(const void *data, size_t size)
{
	const unsigned char *byte = data, *end = byte + size;
	uint64_t value = UINT64_C(14695981039346656037);

	for (; byte < end; byte++)
		/* All callers have filled it.
		 * NOLINTNEXTLINE(*-core.UndefinedBinaryOperatorResult) */
		value = (value ^ *byte) * UINT64_C(1099511628211);
	return value ? value : 1;
}

/* ---- signals.c ----------------------------------------------------------- */

/*
 * libc's waits go on after a handler with SA_RESTART, ppoll() never does, and
 * who installs such handlers may well not look at what a wait returns.  Nobody
 * tells which handler ran, so: is there none without?
 */
bool shim_all_handlers_restart(void);

/*
 * In between, SIGPIPE and SIGXFSZ that calls of this thread raise do not reach
 * the program: it knows nothing of what we write.
 */
struct shim_quiet {
	sigset_t mask, pending; /* as it was */
};
void shim_quiet_begin(struct shim_quiet *quiet);
void shim_quiet_end(const struct shim_quiet *quiet);

/* ---- cancellation --------------------------------------------------------- */

/*
 * In between, no call is a point where this thread is cancelled: what the shim
 * does by the way, in functions that are no such point or have begun already,
 * is done whole.  Async-signal-safe; they nest.
 */
static inline int shim_whole_begin(void)
{
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	return cancel;
}

static inline void shim_whole_end(int cancel)
{
	pthread_setcancelstate(cancel, NULL);
}

/* ---- clock.c ------------------------------------------------------------- */

/* For shim_ops: past what other preloads make of them. */
int shim_clock_gettime(clockid_t clock, struct timespec *now);
int shim_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	       const sigset_t *mask);

/* The program's deadline, by a clock as it sees it, for the core: ns of the
 * kernel's CLOCK_MONOTONIC; NULL: PL_NEVER. */
int64_t shim_deadline(clockid_t clock, const struct timespec *until);

/* ---- memory.c ------------------------------------------------------------ */

/* As calloc() and free(), but async-signal-safe. */
void *shim_calloc(size_t count, size_t size);
void shim_free(void *memory);

/* ---- who.c --------------------------------------------------------------- */

/* The beginning of a small file as a string; false: there is none. */
bool shim_read_text(const char *path, char *text, size_t size);

/* The parent of a process; 0: there is none, or it is not to be seen. */
pid_t shim_parent_of(pid_t pid);

/* When it was started, ns of CLOCK_BOOTTIME, at the tick before; or UINT64_MAX
 * if that is not to be seen. */
#define SHIM_TICK_NS UINT64_C(10000000) /* USER_HZ is 100 */
uint64_t shim_started(pid_t pid);

/* If that process is the parent, the parent's parent, ... of this one, which of
 * its children is this one or has started it; else 0. */
pid_t shim_child_of(pid_t ancestor);

/* ---- inside.c ------------------------------------------------------------ */

/*
 * For pl_wait.is_inside: whether the holder's key need not be waited for, as
 * the holder is an ancestor, which may be waiting for us; or this process, by
 * a hold that counts for all its threads (hold.h).
 */
bool shim_is_inside(const struct pl_address *address, pid_t holder);

/* ---- log.c --------------------------------------------------------------- */

/*
 * One line: "portlock[pid] family: name: what", by write(2) only, errno kept.
 * It goes to where the rule's log= says: "stderr", the absolute path of a file
 * to append to, or "none"; without one to where PORTLOCK_LOG says, or nowhere.
 */
void shim_log_rule(const struct shim_rule *rule, const char *name,
		   const char *what);
/* The same for the rule that matches the name, if one does. */
void shim_log(enum shim_family family, const char *name, const char *what);
/* For what belongs to no rule, always to PORTLOCK_LOG's place. */
void shim_log_line(const char *who, const char *name, const char *what);

/* ---- fds.c: descriptors that the program cannot see ---------------------- */

/*
 * Keeps the core's descriptors just below the soft RLIMIT_NOFILE and out of
 * the reach of the program's close, closefrom, close_range, dup2, dup3.
 */
extern const struct pl_ops shim_ops; /* the core's table under the shim */
bool shim_fd_is_ours(int fd);
/* Gives one of ours a number that is lower than the core's. */
int shim_fd_below(int fd);
/* The lowest of ours in from..last, or -1. */
int shim_fd_next(unsigned from, unsigned last);
/* socketpair() for two such. */
bool shim_fd_pair(int fds[2]);

#endif
