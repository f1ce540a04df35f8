/* SPDX-License-Identifier: MIT */
/* fuzz_patterns.c - two patterns, a key's template and a name, a line each.
 *
 * Matching is what a plain recursive matcher says; what covers a pattern
 * matches all that it matches; a name that has a family's shape is matched by
 * no pattern that is said to fit none; keys stay in their bounds.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "shim/pattern.h"
#include "shim/shim.h"

const char fuzz_name[] = "patterns";

#define NAME_MAX_HERE 64 /* the plain matcher may take long for more */

static const char *after_character(const char *at)
{
	do
		at++;
	while (((unsigned char)*at & 0xc0) == 0x80);
	return at;
}

/* By the definition: no [ here. */
static bool is_match(const char *pattern, const char *name)
{
	if (!*pattern)
		return !*name;
	if (*pattern == '*')
		return is_match(pattern + 1, name) ||
		       (*name && is_match(pattern, name + 1));
	if (!*name)
		return false;
	if (*pattern == '?')
		return is_match(pattern + 1, after_character(name));
	if (*pattern == '\\' && pattern[1])
		pattern++;
	return *pattern == *name && is_match(pattern + 1, name + 1);
}

static int stars_in(const char *pattern)
{
	int stars = 0;

	for (; *pattern; pattern++)
		stars += *pattern == '*';
	return stars;
}

/* Whether a name is of a shape, see pattern.h. */
static bool has_shape(const char *name, const char *shape)
{
	char c = *name;
	bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

	switch (*shape) {
	case '\0':
		return !c;
	case '*':
		return has_shape(name, shape + 1) ||
		       (c && has_shape(name + 1, shape));
	case '~':
		return has_shape(name, shape + 1) ||
		       (c && c != '/' && has_shape(name + 1, shape));
	case '$':
		return has_shape(name, shape + 1) ||
		       (digit && has_shape(name + 1, shape));
	case '?':
		return c && c != '/' && has_shape(name + 1, shape + 1);
	case '#':
		return digit && c != '0' && has_shape(name + 1, shape + 1);
	default:
		return c == *shape && has_shape(name + 1, shape + 1);
	}
}

static void check_shapes(const char *pattern, const char *name)
{
	for (int family = 0; family < SHIM_FAMILIES; family++) {
		const char *const *shapes = shim_families[family].shapes;

		for (int i = 0; i < 2 && shapes[i]; i++)
			if (has_shape(name, shapes[i]))
				fuzz_check(pattern_fits(pattern, shapes[i]));
	}
}

/* A path as the shim has them. */
static bool is_tidy(const char *name)
{
	const char *last = strrchr(name, '/');

	return !strstr(name, "//") && !strstr(name, "/./") &&
	       !strstr(name, "/../") && last[1] && strcmp(last, "/.") != 0 &&
	       strcmp(last, "/..") != 0;
}

static void check_match(const char *pattern, const char *name)
{
	bool matches = pattern_matches(pattern, name);

	if (!strchr(pattern, '[') && strlen(name) < NAME_MAX_HERE &&
	    stars_in(pattern) < 4)
		fuzz_check(matches == is_match(pattern, name));
	if (!matches)
		return;
	check_shapes(pattern, name);
	if (is_tidy(name))
		fuzz_check(!pattern_is_untidy(pattern));
}

/* The longest that a key may be by its template, counted in another way. */
static size_t key_length(const char *template, const char *name)
{
	size_t base = strlen(strrchr(name, '/') + 1), length = 0;
	char uid[32];

	for (; *template; template ++) {
		if (*template != '%' || !template[1]) {
			length++;
			continue;
		}
		template ++;
		if (*template == 'n')
			length += strlen(name);
		else if (*template == 'b')
			length += base;
		else if (*template == 'd')
			length += strlen(name) - base > 1
					  ? strlen(name) - base - 1
					  : 1;
		else if (*template == 'u')
			length +=
				(size_t)sprintf(uid, "%u", (unsigned)geteuid());
		else
			length++;
	}
	return length;
}

static void check_key(const char *template, const char *name)
{
	struct shim_rule rule = { .family = SHIM_OPEN, .key = template };
	char *key = malloc(SHIM_KEY_MAX), text[sizeof("open:")] = "open:";
	bool made;

	fuzz_check(key);
	memset(key, 'x', SHIM_KEY_MAX);
	made = shim_rule_key(&rule, name, key);
	fuzz_check(memchr(key, '\0', SHIM_KEY_MAX));
	if (made)
		fuzz_check(strlen(key) > 0 &&
			   strlen(key) == key_length(template, name));
	else
		fuzz_check(key_length(template, name) == 0 ||
			   key_length(template, name) >= SHIM_KEY_MAX);
	rule.key = NULL;
	if (shim_rule_key(&rule, name, key))
		fuzz_check(strncmp(key, text, strlen(text)) == 0 &&
			   strcmp(key + strlen(text), name) == 0);
	else
		fuzz_check(strlen(name) + strlen(text) >= SHIM_KEY_MAX);
	free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, data + size };
	char *earlier, *later, *template, *rest, *name;
	size_t length;

	earlier = input_text(&input, '\n', &length);
	later = input_text(&input, '\n', &length);
	template = input_text(&input, '\n', &length);
	rest = input_text(&input, INPUT_ALL, &length);
	/* All names begin with a slash. */
	name = malloc(strlen(rest) + 2);
	fuzz_check(name);
	sprintf(name, "%s%s", *rest == '/' ? "" : "/", rest);

	check_match(earlier, name);
	check_match(later, name);
	fuzz_check(pattern_covers(earlier, earlier));
	if (*earlier && *later && pattern_covers(earlier, later) &&
	    pattern_matches(later, name))
		fuzz_check(pattern_matches(earlier, name));
	check_key(template, name);
	free(earlier);
	free(later);
	free(template);
	free(rest);
	free(name);
	return 0;
}
