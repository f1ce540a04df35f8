/* SPDX-License-Identifier: MIT */
/* rules.h - what the files of the rules' grammar share. */
#ifndef PORTLOCK_SHIM_RULES_H
#define PORTLOCK_SHIM_RULES_H

#include "shim/shim.h"

/* The rest of one line. */
struct cursor {
	const char *line;
	char *at;
	struct shim_rule_error *error;
};

/* ---- rule_words.c -------------------------------------------------------- */

/* Notes what is wrong at a place of the cursor's line; always false. */
bool rule_fail(struct cursor *cursor, const char *place, const char *format,
	       ...) __attribute__((format(printf, 3, 4)));

/* Moves to the next word; false at the end of the line or a comment. */
bool rule_more(struct cursor *cursor);

/*
 * The next word, its quotes taken off in place, or NULL after an error.
 * *start is where it began.
 */
char *rule_word(struct cursor *cursor, const char **start);

/* ---- rule_options.c ------------------------------------------------------ */

/* Takes all that is left of the line. */
bool rule_take_options(struct cursor *cursor, struct shim_rule *rule);

#endif
