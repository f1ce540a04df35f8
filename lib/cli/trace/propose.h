/* SPDX-License-Identifier: MIT */
/* propose.h - rules on their way from a trace to the user. */
#ifndef PORTLOCK_CLI_TRACE_PROPOSE_H
#define PORTLOCK_CLI_TRACE_PROPOSE_H

#include "lib/cli/trace/trace.h"

struct proposal {
	struct proposal *next;
	enum shim_family family;
	char *pattern;
	const char *why;
	bool until_exit; /* hold=exit */
	bool unguarded;	 /* guard=no */
	bool doubtful;	 /* as a comment only */
	bool tried;	 /* timeout=: tries are to wait */
	bool upgraded;	 /* shared=exclusive */
};

struct proposals {
	struct proposal *first, **last;
	char *common; /* the folder of all that is held until the exit */
	int until_exit;
	bool git, failed;
};

/* ---- reduce.c ------------------------------------------------------ */

/* Whether the grammar takes it; names in a trace may be anything. */
bool proposal_is_rule(enum shim_family family, const char *pattern);

/* One pattern for what is alike, and none for what another one matches. */
void proposals_reduce(struct proposals *all);

#endif
