/* SPDX-License-Identifier: MIT */
/* pattern.h - what the patterns of rules match, and what they can match. */
#ifndef PORTLOCK_SHIM_PATTERN_H
#define PORTLOCK_SHIM_PATTERN_H

#include <stdbool.h>

/*
 * As fnmatch() without flags, where * and ? match slashes, too.  Without a [ in
 * the pattern it allocates nothing, and a character is one of UTF-8 whatever
 * the locale.
 */
bool pattern_matches(const char *pattern, const char *name);

/*
 * Whether the pattern might match a name of that shape.  A shape has less than
 * 32 characters, which mean
 *	*  any text			~  any text without a slash
 *	?  one character but a slash	#  a hexadecimal digit but 0
 *	$  hexadecimal digits, or none	and else themselves.
 */
bool pattern_fits(const char *pattern, const char *shape);

/* Whether it cannot match a path without "//", "/./", "/../" or a slash at its
 * end, as far as that is to be seen. */
bool pattern_is_untidy(const char *pattern);

/* Whether all that the later pattern matches, the earlier one surely does. */
bool pattern_covers(const char *earlier, const char *later);

#endif
