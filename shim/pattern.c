/* SPDX-License-Identifier: MIT */
/* pattern.c - what the patterns of rules match, and what they can match.
 *
 * fnmatch() takes hundreds of nanoseconds for a path in a UTF-8 locale, may
 * allocate, and depends on what the program does with its locale.
 *
 * A pattern and a shape have a name in common if one can be read along both.
 * The bits of a set are the places in the shape where that reading may be.
 */
#include "config.h"

#include <fnmatch.h>
#include <string.h>

#include "shim/pattern.h"

#define ANY (-1) /* character */

static const char *next_character(const char *at)
{
	do
		at++;
	while (((unsigned char)*at & 0xc0) == 0x80);
	return at;
}

bool pattern_matches(const char *pattern, const char *name)
{
	const char *star = NULL; /* what follows the last one */
	const char *rest = NULL; /* what the last one leaves of the name */

	if (strchr(pattern, '['))
		return fnmatch(pattern, name, 0) == 0;
	for (;;) {
		const char *next = pattern;

		if (*pattern == '*') {
			star = ++pattern;
			if (!*star)
				return true;
			rest = name;
			continue;
		}
		if (!*name)
			return !*pattern;
		if (*next == '\\' && next[1])
			next++;
		if (*pattern == '?') {
			name = next_character(name);
			pattern++;
		} else if (*next == *name) {
			name++;
			pattern = next + 1;
		} else if (star) {
			pattern = star;
			rest++;
			if (*star != '?' && *star != '\\')
				rest = strchrnul(rest, *star);
			name = rest;
		} else {
			return false;
		}
	}
}

static bool is_hexadecimal(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool takes(char atom, int c)
{
	switch (atom) {
	case '*':
		return true;
	case '~':
	case '?':
		return c != '/';
	case '#':
		return c == ANY || (c != '0' && is_hexadecimal(c));
	case '$':
		return c == ANY || is_hexadecimal(c);
	default:
		return c == ANY || c == atom;
	}
}

/* Takes none or many. */
static bool is_run(char atom)
{
	return atom == '*' || atom == '~' || atom == '$';
}

/* The places from which nothing has to be read to get to one more. */
static unsigned pass_runs(const char *shape, unsigned set)
{
	for (unsigned i = 0; shape[i]; i++)
		if (set & 1u << i && is_run(shape[i]))
			set |= 1u << (i + 1);
	return set;
}

static unsigned step(const char *shape, unsigned set, int c)
{
	unsigned next = 0;

	for (unsigned i = 0; shape[i]; i++)
		if (set & 1u << i && takes(shape[i], c))
			next |= 1u << (is_run(shape[i]) ? i : i + 1);
	return pass_runs(shape, next);
}

bool pattern_fits(const char *pattern, const char *shape)
{
	unsigned set = pass_runs(shape, 1);

	for (; *pattern && set; pattern++) {
		switch (*pattern) {
		case '[': /* what follows may be anything */
			return true;
		case '*': /* to all places from the first one on */
			set |= -(set & -set);
			break;
		case '?':
			set = step(shape, set, ANY);
			break;
		case '\\':
			if (pattern[1])
				pattern++;
			/* fall through */
		default:
			set = step(shape, set, (unsigned char)*pattern);
		}
	}
	return set & 1u << strlen(shape);
}

bool pattern_is_untidy(const char *pattern)
{
	static const char *const ends[] = { "/", "/.", "/.." };
	size_t length = strlen(pattern);

	if (strchr(pattern, '[') || strcmp(pattern, "/") == 0)
		return false;
	for (int i = 0; i < 3; i++) {
		size_t size = strlen(ends[i]);

		if (length >= size &&
		    strcmp(pattern + length - size, ends[i]) == 0)
			return true;
	}
	return strstr(pattern, "//") || strstr(pattern, "/./") ||
	       strstr(pattern, "/../");
}

/* Where the earlier one has no wildcard but stars, only these can take the
 * wildcards of the later one, which is then as good as a name. */
bool pattern_covers(const char *earlier, const char *later)
{
	if (strcmp(earlier, later) == 0)
		return true;
	/* All names begin with a slash. */
	if (strcmp(earlier, "*") == 0 || strcmp(earlier, "/*") == 0)
		return true;
	if (strpbrk(later, "[\\") ||
	    (strpbrk(later, "*?") && strpbrk(earlier, "?[\\")))
		return false;
	return pattern_matches(earlier, later);
}
