/* SPDX-License-Identifier: MIT */
/* call.h - one call of a trace, for those who look at it. */
#ifndef PORTLOCK_CLI_TRACE_CALL_H
#define PORTLOCK_CLI_TRACE_CALL_H

#include "lib/cli/trace/trace.h"

struct call {
	struct trace *trace;
	const struct trace_line *line;
	struct process *process;
	bool waits, done; /* it may block now; it succeeded */
};

/* ---- call.c -------------------------------------------------------- */

/* Notes which function took it. */
void call_name_function(struct traced *lock, const char *function);
/* A try to take it, and its end. */
void call_take(const struct call *call, struct traced *lock);
void call_give_back(const struct call *call, struct traced *lock);

/* ---- files.c ------------------------------------------------------- */

void call_on_open(const struct call *call);
void call_on_name(const struct call *call); /* it is made */
void call_on_end(const struct call *call);  /* removed or renamed */
void call_on_renameat2(const struct call *call);

#endif
