/* SPDX-License-Identifier: MIT */
/* trace.h - portlock preload --trace: from the lines that a traced program
 * writes (shim/trace/trace.h) to the rules that would serialise it.
 */
#ifndef PORTLOCK_CLI_TRACE_H
#define PORTLOCK_CLI_TRACE_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "lib/cli/preload.h"

/* ---- run.c: the program, and then the report ----------------------- */

/* Runs it and reports on stderr; the status to exit with.  path NULL: nobody
 * gave a file for the lines, and they come before the report. */
int trace_run(const struct rules *rules, const char *shim, const char *path,
	      char **command);

/* The report on a file of lines, on stdout; 0 or the status to exit with. */
int trace_report(const struct rules *rules, const char *path);

/* Puts a library before those that are to be preloaded, but only once; 0 or
 * EXIT_SYSTEM. */
int preload_first(const char *library);

/* ---- read.c: a line ------------------------------------------------ */

#define TRACE_DETAILS 6

struct trace_line {
	int64_t time, took; /* us */
	pid_t pid;
	const char *function, *name, *result;
	const char *details[TRACE_DETAILS];
};

/* Cuts the text up, in place; false: it is no line of a trace. */
bool trace_parse(char *text, struct trace_line *line);

/* What follows the "word=" of a detail; "" for the bare word; NULL: it is not
 * there. */
const char *trace_detail(const struct trace_line *line, const char *word);

/* ---- locks.c, call.c: what the lines tell of each lock -------- */

#define TRACE_FUNCTIONS 128

struct traced {
	struct traced *next;
	enum shim_family family;
	char *name;
	char *protects; /* what was read before the lock was asked for */
	char functions[TRACE_FUNCTIONS]; /* that took it */
	unsigned long taken, failed, ended, shared, busy;
	int64_t longest; /* us */
	long waiting;	 /* calls that did not come back */
	pid_t holder;	 /* 0: nobody */
	pid_t reader;	 /* the last one that shares it, 0: nobody */
	bool counts;	 /* a semaphore that is no mutex */
	bool inverse;	 /* one that is free at 0 */
	bool undo, ranges, unlinked, replaces, exclusive, removed;
	bool blocking; /* it was asked for by a call that may block */
	bool upgraded; /* one who shared it asked for it alone */
	bool again;    /* it is taken, read under and given back in turns */
	bool update, rewrite; /* SHIM_OPEN: how it was written */
};

struct process {
	struct process *next;
	pid_t pid;
	int holds;
	bool exited;
};

struct trace {
	struct traced *locks, **last;
	struct process *processes;
	unsigned long lines, starts;
	unsigned long foreign; /* lines that are none */
	int64_t end;	       /* us */
	void *index;	       /* of the locks, by tsearch() */
	bool failed;	       /* no memory */
};

/* The lock of that name, a new one if there is none; NULL: no memory. */
struct traced *trace_lock(struct trace *trace, enum shim_family family,
			  const char *name);
/* The same, NULL if there is none. */
struct traced *trace_known(struct trace *trace, enum shim_family family,
			   const char *name);
/* Whether a file that is written is a lock itself, or is locked. */
bool trace_has_lock(const struct trace *trace, const struct traced *file);
struct process *trace_process(struct trace *trace, pid_t pid);
void trace_free(struct trace *trace);

void trace_call(struct trace *trace, const struct trace_line *line);

/* Reads all lines; false: no memory, or it cannot be read. */
bool trace_read(struct trace *trace, FILE *file);

/* Whether it is one, of all the files that were made. */
bool trace_is_lock(const struct trace *trace, const struct traced *lock);
/* Whether it may be one all the same. */
bool trace_may_be_lock(const struct trace *trace, const struct traced *lock);
/* Whether mutexes may be it: what processes share has mostly another lock, and
 * libraries have mutexes of their own. */
bool trace_offers_mutexes(const struct trace *trace);
/* Whether no call would wait for it that is not made to. */
bool trace_is_tried(const struct traced *lock);

enum trace_end { TRACE_EXITED, TRACE_KILLED, TRACE_LIVES };
enum trace_end trace_end_of(const struct trace *trace, pid_t pid);

/* ---- pattern.c: names that stand for many -------------------------- */

/* A pattern for the name, in which what differs from run to run is a *; NULL:
 * no memory. */
char *trace_pattern(const struct trace *trace, const struct traced *lock);

/* One pattern for two names of one folder, or NULL if they differ. */
char *trace_common(const char *one, const char *other);

/* ---- propose.c, tell.c --------------------------------------- */

/* What was seen of each lock, as comments of a file of rules. */
void trace_tell(FILE *out, const struct trace *trace,
		const struct rules *rules);

/* The rules. */
void trace_propose(FILE *out, const struct trace *trace,
		   const struct rules *rules);

/* Which of the rules serves that lock; 0: none. */
int trace_rule_of(const struct rules *rules, const struct traced *lock);

#endif
