/* SPDX-License-Identifier: MIT */
/* option_value.c - the values of options: numbers, names, and lists of them. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/fail.h"
#include "bench/option_value.h"

#define DIGITS "0123456789"
#define MEMBER_MAX 64 /* longer ones are wrong anyway */

/* ---- numbers -------------------------------------------------------------- */

/* strtod() takes more than numbers, and spaces before them. */
static bool is_number(const char *text, const char *characters,
		      const struct range *range, double *number)
{
	char *end;

	*number = strtod(text, &end);
	return *text && text[strspn(text, characters)] == '\0' && !*end &&
	       *number >= range->min && *number <= range->max;
}

static double take_number(const char *option, const char *value,
			  const char *characters, const struct range *range)
{
	double number;

	if (!is_number(value, characters, range, &number))
		fail_usage("--%s: '%s' is no %s: use %.10g to %.10g, such as "
			   "%s",
			   option, value, range->what, range->min, range->max,
			   range->example);
	return number;
}

double value_number(const char *option, const char *value,
		    const struct range *range)
{
	return take_number(option, value, DIGITS ".", range);
}

int value_count(const char *option, const char *value,
		const struct range *range)
{
	return (int)take_number(option, value, DIGITS, range);
}

/* ---- lists ---------------------------------------------------------------- */

/* The next member, which may be empty; false after the last.  *list is NULL
 * when there is no more. */
static bool next_member(const char **list, char member[MEMBER_MAX])
{
	size_t length;

	if (!*list)
		return false;
	length = strcspn(*list, ",");
	snprintf(member, MEMBER_MAX, "%.*s", (int)length, *list);
	*list = (*list)[length] ? *list + length + 1 : NULL;
	return true;
}

static bool has_count(const int *counts, int count)
{
	while (*counts && *counts != count)
		counts++;
	return *counts;
}

void value_counts(const char *option, const char *list,
		  const struct range *range, int counts[LIST_MAX])
{
	const char *rest = list;
	char member[MEMBER_MAX];
	double number;
	int count = 0;

	memset(counts, 0, LIST_MAX * sizeof(counts[0]));
	while (next_member(&rest, member)) {
		if (!is_number(member, DIGITS, range, &number))
			fail_usage("--%s: '%s' in '%s' is no %s: use %.10g to "
				   "%.10g each, such as %s",
				   option, member, list, range->what,
				   range->min, range->max, range->example);
		if (has_count(counts, (int)number))
			fail_usage("--%s: '%s' is twice in '%s': once will do",
				   option, member, list);
		if (count == LIST_MAX - 1)
			fail_usage("--%s: more than %d numbers in '%s': use "
				   "fewer",
				   option, count, list);
		counts[count++] = (int)number;
	}
}

/* ---- names ---------------------------------------------------------------- */

static _Noreturn void refuse_name(const char *option, const char *name,
				  const struct names *names)
{
	char valid[2048] = "";
	size_t length = 0;

	for (int i = 0; names->all[i] && length < sizeof(valid); i++)
		length +=
			(size_t)snprintf(valid + length, sizeof(valid) - length,
					 "%s%s", i ? ", " : "", names->all[i]);
	fail_usage("%s%s%sthere is no %s '%s': use %s", option ? "--" : "",
		   option ? option : "", option ? ": " : "", names->what, name,
		   valid);
}

static int place_of(const char *option, const char *name,
		    const struct names *names)
{
	for (int i = 0; names->all[i]; i++)
		if (strcmp(names->all[i], name) == 0)
			return i;
	refuse_name(option, name, names);
}

static void take_away(struct names *names, int place)
{
	int kept = 0;

	for (int i = 0; i < names->count; i++)
		if (names->chosen[i] != place)
			names->chosen[kept++] = names->chosen[i];
	names->count = kept;
}

static void choose_all(struct names *names)
{
	for (names->count = 0; names->all[names->count]; names->count++)
		names->chosen[names->count] = names->count;
}

static void choose(struct names *names, int place)
{
	for (int i = 0; i < names->count; i++)
		if (names->chosen[i] == place)
			fail_usage("%s '%s' is named twice: once will do",
				   names->what, names->all[place]);
	names->chosen[names->count++] = place;
}

void value_names(const char *option, const char *list, struct names *names)
{
	char member[MEMBER_MAX];

	while (next_member(&list, member)) {
		bool away = *member == '-';
		int place = place_of(option, member + away, names);

		if (away && !names->given)
			choose_all(names);
		names->given = true;
		names->named |= !away;
		if (away)
			take_away(names, place);
		else
			choose(names, place);
	}
}

void names_end(const char *option, struct names *names)
{
	if (!names->given)
		choose_all(names);
	if (names->count == 0)
		fail_usage("--%s: no %s is left: leave out fewer", option,
			   names->what);
}
