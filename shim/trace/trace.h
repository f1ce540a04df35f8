/* SPDX-License-Identifier: MIT */
/* trace.h - what the files of the trace share.
 *
 * portlock-trace.so is preloaded before the shim, which so costs nothing more
 * without it.  It hands every call on and then writes one line about it:
 *
 *	TIME PID FUNCTION NAME RESULT TOOK [DETAIL]...
 *
 * TIME and TOOK are seconds; RESULT is ok, the name of an errno, or "waits" for
 * the line that a call writes before it may block.  In a NAME and in a DETAIL's
 * value, spaces, backslashes, control characters and DEL are \xHH.
 *
 * Lines are written to a file by its path, opened anew for each, as programs
 * close descriptors that they do not know; by one append, so that processes do
 * not mix theirs.  Nothing here allocates, takes a lock, or changes errno.
 */
#ifndef PORTLOCK_SHIM_TRACE_TRACE_H
#define PORTLOCK_SHIM_TRACE_TRACE_H

#include <limits.h>

#include "shim/path.h"
#include "shim/shim.h"

#define TRACE_LINE_MAX 2560

struct trace {
	const char *function;
	int64_t began; /* ns */
	int error;     /* the program's errno */
	size_t length;
	char text[TRACE_LINE_MAX];
};

/* ---- write.c: a line, from its beginning to its end ---------------------- */

/*
 * Before the call, which is then traced; false: it is not.
 */
bool trace_begin(struct trace *trace, const char *function);

/* A line for what may block now. */
void trace_waits(struct trace *trace, const char *name);

/* The beginning of its line after the call; error 0: it succeeded.  It keeps
 * errno for trace_send(). */
void trace_result(struct trace *trace, const char *name, int error);

/* Its details: a word, with a number, with a name. */
void trace_word(struct trace *trace, const char *word);
void trace_number(struct trace *trace, const char *word, int64_t number);
void trace_name(struct trace *trace, const char *word, const char *name);

/* Writes the line, and puts errno back. */
void trace_send(struct trace *trace);

/* For a call of one library to another that means one thing: what this thread
 * calls in between is not traced. */
void trace_mute(bool mute);

/* Copies what the program points to; false: there is nothing, and the call that
 * is made with it will say so. */
bool trace_peek(void *to, const void *from, size_t size);

/* ---- seen.c: what this process has opened -------------------------------- */

/* Takes note of a path that was opened for reading, or was not there. */
void trace_saw(const char *real);
bool trace_has_seen(const char *real);

/* Adds read=PATH if the process has opened what that lock file stands for, or
 * again=PATH if it has not since it gave that lock back. */
void trace_protected(struct trace *trace, char lock[PATH_MAX]);
void trace_unprotected(char lock[PATH_MAX]);

/* ---- hook_mutex.c -------------------------------------------------------- */

/* A line for each mutex that has a name, with how often it was locked. */
void trace_mutexes(void);

#endif
