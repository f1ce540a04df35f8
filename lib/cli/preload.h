/* SPDX-License-Identifier: MIT */
/* preload.h - what the files of portlock preload share. */
#ifndef PORTLOCK_CLI_PRELOAD_H
#define PORTLOCK_CLI_PRELOAD_H

#include "lib/cli/cli.h"
#include "shim/shim.h"

#define PRELOAD_EXAMPLE                                                        \
	"portlock preload --rule 'lockfile */.git/*.lock' -- git gc"

/* ---- rule_sources.c: the rules, and where they come from ----------------- */

/* An option, a file, or a variable. */
struct source {
	struct source *next;
	char *name;
	char *text;	/* as it is given */
	char *words;	/* what the grammar made of it, and rules point into */
	int first, end; /* its rules */
};

struct rules {
	const struct verb *verb; /* who is told of misuse; NULL: preload */
	struct source *sources, *last;
	size_t size; /* of all their texts, each with a newline */
	int options, count;
	/* In the order in which they count; with room for a source that will
	 * turn out to be too much. */
	struct shim_rule list[2 * SHIM_RULES_MAX];
};

/* These return 0, or the exit status after a message. */
int rules_add_option(struct rules *rules, const char *text);
int rules_add_file(struct rules *rules, const char *path);
int rules_add_environment(struct rules *rules);

/* All of them as one text, or NULL: no memory. */
char *rules_text(const struct rules *rules);
void rules_free(struct rules *rules);

/* ---- rule_check.c -------------------------------------------------------- */

/* Prints what the rules do; 0, or EXIT_WARNED after messages about rules that
 * can never match. */
int rules_check(const struct rules *rules);

/* Whether the shim can tell what the locks are called: 0, or EXIT_SYSTEM after a
 * message about the first rule that would match nothing without /proc. */
int rules_check_proc(const struct rules *rules);

/* Where the rule is from, and the rule before it that takes all that it could
 * match, or -1. */
const struct source *rules_source(const struct rules *rules, int number);
int rules_taken_by(const struct rules *rules, int number);

#endif
