/* SPDX-License-Identifier: MIT */
/* rules.c - the rules' grammar; the command checks rules with it, too. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shim/shim.h"

#define LOCKFILE_TIMEOUT_MS 30000
#define MAX_SECONDS 1000000000

static const char *const family_names[] = {
	"sem",	 "lockfile", "open",   "mutex",	      "sysvsem",
	"flock", "fcntl",    "passwd", "liblockfile",
};

/* The rest of one line. */
struct cursor {
	const char *line;
	char *at;
	struct shim_rule_error *error;
};

const char *shim_family_name(enum shim_family family)
{
	return family_names[family];
}

/* Notes what is wrong at a place of the cursor's line; always false. */
__attribute__((format(printf, 3, 4))) static bool
fail(struct cursor *cursor, const char *place, const char *format, ...)
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

/* Moves to the next word; false at the end of the line or a comment. */
static bool more(struct cursor *cursor)
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

/*
 * The next word, its quotes taken off in place, or NULL after an error.
 * *start is where it began.
 */
static char *word(struct cursor *cursor, const char **start)
{
	char *first = cursor->at, *from = first, *to = first;
	const char *opened = first;
	char quote = '\0';

	*start = first;
	for (; *from && (quote || !is_blank(*from)); from++) {
		if (escapes(from, quote)) {
			*to++ = *++from;
			if (!*from) {
				fail(cursor, from - 1,
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
		fail(cursor, opened, "this %c has no closing %c on its line",
		     quote, quote);
		return NULL;
	}
	cursor->at = *from ? from + 1 : from;
	*to = '\0';
	return first;
}

static bool take_family(struct cursor *cursor, struct shim_rule *rule)
{
	const char *start;
	const char *name = word(cursor, &start);
	int family;

	if (!name)
		return false;
	for (family = 0; family < SHIM_FAMILIES; family++) {
		if (strcmp(name, family_names[family]) == 0) {
			rule->family = (enum shim_family)family;
			return true;
		}
	}
	return fail(cursor, start,
		    "unknown family '%.40s': use sem or lockfile", name);
}

/* A semaphore's name has one slash.  In brackets there may be one that need not
 * match. */
static bool has_two_slashes(const char *pattern)
{
	const char *slash = strchr(pattern, '/');

	return slash && strchr(slash + 1, '/') && !strchr(pattern, '[');
}

static bool take_pattern(struct cursor *cursor, struct shim_rule *rule)
{
	const char *start;

	if (!more(cursor))
		return fail(cursor, cursor->at,
			    "a pattern is missing, as in '%s %s'",
			    family_names[rule->family],
			    rule->family == SHIM_SEM ? "/name"
						     : "*/.git/*.lock");
	rule->pattern = word(cursor, &start);
	if (!rule->pattern)
		return false;
	if (!*rule->pattern)
		return fail(cursor, start,
			    "the pattern is empty: use * for every name");
	/* All names begin with a slash: find the pattern that cannot match. */
	if (!strchr("/*?[\\", *rule->pattern))
		return fail(cursor, start,
			    "this matches nothing, as %s with '/': "
			    "write %s%.60s",
			    rule->family == SHIM_SEM
				    ? "a semaphore's name begins"
				    : "paths are absolute and begin",
			    rule->family == SHIM_SEM ? "/" : "*/",
			    rule->pattern);
	if (rule->family == SHIM_SEM && has_two_slashes(rule->pattern))
		return fail(cursor, start,
			    "this matches nothing, as a semaphore's name has "
			    "no '/' but the first");
	return true;
}

static bool take_key(struct cursor *cursor, const char *start,
		     const char *value, struct shim_rule *rule)
{
	const char *at;

	if (!*value)
		return fail(cursor, start, "the key is empty");
	for (at = strchr(value, '%'); at; at = strchr(at + 2, '%')) {
		if (!at[1])
			return fail(cursor, start,
				    "the key ends in a lone %%: write %%%% "
				    "for a percent sign");
		if (!strchr("nbdu%", at[1]))
			return fail(cursor, start,
				    "unknown %%%c in the key: use %%n (name), "
				    "%%b (last component), %%d (directory), "
				    "%%u (user id) or %%%%",
				    at[1]);
	}
	rule->key = value;
	return true;
}

static bool take_timeout(struct cursor *cursor, const char *start,
			 const char *value, struct shim_rule *rule)
{
	int64_t ms = 0, unit = 100;
	const char *at = value;
	bool digits = false;

	for (; *at >= '0' && *at <= '9' && ms <= MAX_SECONDS; at++) {
		ms = 10 * ms + (*at - '0');
		digits = true;
	}
	if (ms > MAX_SECONDS)
		return fail(cursor, start, "the timeout is above %d seconds",
			    MAX_SECONDS);
	ms *= 1000;
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10) {
			ms += unit * (*at - '0');
			digits = true;
		}
	if (*at || !digits)
		return fail(cursor, start,
			    "'%.40s' is no timeout: use seconds, such as 30 "
			    "or 0.5",
			    value);
	rule->timeout_ms = ms;
	return true;
}

static bool take_transport(struct cursor *cursor, const char *start,
			   const char *value, struct shim_rule *rule)
{
	if (strcmp(value, "unix") == 0)
		rule->transport = "unix";
	else if (strcmp(value, "tcp") == 0)
		rule->transport = "tcp";
	else
		return fail(cursor, start,
			    "unknown transport '%.40s': use unix or tcp",
			    value);
	return true;
}

static bool take_options(struct cursor *cursor, struct shim_rule *rule)
{
	static const struct {
		const char *name;
		bool (*take)(struct cursor *, const char *, const char *,
			     struct shim_rule *);
	} options[] = {
		{ "key=", take_key },
		{ "timeout=", take_timeout },
		{ "transport=", take_transport },
	};
	const int count = sizeof(options) / sizeof(options[0]);
	unsigned seen = 0;

	while (more(cursor)) {
		const char *start;
		const char *text = word(cursor, &start);
		size_t length = 0;
		int option;

		if (!text)
			return false;
		for (option = 0; option < count; option++) {
			length = strlen(options[option].name);
			if (strncmp(text, options[option].name, length) == 0)
				break;
		}
		if (option == count)
			return fail(cursor, start,
				    "unknown option '%.40s': use key=, "
				    "timeout= or transport=",
				    text);
		if (seen & 1u << option)
			return fail(cursor, start, "%s is given twice",
				    options[option].name);
		seen |= 1u << option;
		if (!options[option].take(cursor, start, text + length, rule))
			return false;
	}
	return true;
}

static bool take_rule(struct cursor *cursor, struct shim_rule *rule)
{
	*rule = (struct shim_rule){ .timeout_ms = -1,
				     .transport = "unix",
				     .bypass_shared = true };
	if (!take_family(cursor, rule))
		return false;
	if (rule->family == SHIM_LOCKFILE)
		rule->timeout_ms = LOCKFILE_TIMEOUT_MS;
	return take_pattern(cursor, rule) && take_options(cursor, rule);
}

int shim_rules_parse(char *text, struct shim_rule *rules, int limit,
		     struct shim_rule_error *error)
{
	int count = 0;

	for (error->line = 1; text; error->line++) {
		struct cursor cursor = { text, text, error };

		text = strchr(text, '\n');
		if (text)
			*text++ = '\0';
		if (!more(&cursor))
			continue;
		if (count == limit) {
			fail(&cursor, cursor.at, "more than %d rules", limit);
			return -1;
		}
		if (!take_rule(&cursor, &rules[count]))
			return -1;
		count++;
	}
	return count;
}
