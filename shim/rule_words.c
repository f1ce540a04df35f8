/* SPDX-License-Identifier: MIT */
/* rule_words.c - a rule's line as words: blanks, comments, quotes; and what is
 * wrong at a place of it.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>

#include "shim/rules.h"

bool rule_fail(struct cursor *cursor, const char *place, const char *format,
	       ...)
{
	va_list arguments;

	cursor->error->column = (unsigned)(place - cursor->line) + 1;
	va_start(arguments, format);
	vsnprintf(cursor->error->message, sizeof(cursor->error->message),
		  format, arguments);
	va_end(arguments);
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

bool rule_more(struct cursor *cursor)
{
	while (is_blank(*cursor->at))
		cursor->at++;
	return *cursor->at && *cursor->at != '#';
}

/* Whether at this backslash an escape begins: it means all but itself outside
 * of quotes, itself and the quote inside of "", nothing inside of ''. */
static bool escapes(const char *at, char quote)
{
	return *at == '\\' &&
	       (!quote || (quote == '"' && (at[1] == '"' || at[1] == '\\')));
}

char *rule_word(struct cursor *cursor, const char **start)
{
	char *first = cursor->at, *from = first, *to = first;
	const char *opened = first;
	char quote = '\0';

	*start = first;
	for (; *from && (quote || !is_blank(*from)); from++) {
		if (escapes(from, quote)) {
			*to++ = *++from;
			if (!*from) {
				rule_fail(cursor, from - 1,
					  "nothing follows the backslash");
				return NULL;
			}
		} else if (*from == quote) {
			quote = '\0';
		} else if (!quote && (*from == '\'' || *from == '"')) {
			quote = *from;
			opened = from;
		} else {
			*to++ = *from;
		}
	}
	if (quote) {
		rule_fail(cursor, opened,
			  "this %c has no closing %c on its line", quote,
			  quote);
		return NULL;
	}
	cursor->at = *from ? from + 1 : from;
	*to = '\0';
	return first;
}
