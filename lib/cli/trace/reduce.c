/* SPDX-License-Identifier: MIT */
/* reduce.c - fewer rules for the same locks. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli/trace/propose.h"
#include "shim/pattern.h"

bool proposal_is_rule(enum shim_family family, const char *pattern)
{
	struct shim_rule_error error;
	struct shim_rule rule;
	bool good = false;
	char *text;

	if (asprintf(&text, "%s %s", shim_family_name(family), pattern) >= 0) {
		good = shim_rules_parse(text, &rule, 1, &error) == 1;
		free(text);
	}
	return good;
}

static bool is_alike(const struct proposal *one, const struct proposal *other)
{
	return one->family == other->family &&
	       one->until_exit == other->until_exit &&
	       one->unguarded == other->unguarded &&
	       one->tried == other->tried && one->upgraded == other->upgraded &&
	       one->doubtful == other->doubtful;
}

/* Takes out the one after it. */
static void drop_next(struct proposals *all, struct proposal *before)
{
	struct proposal *gone = before->next;

	before->next = gone->next;
	if (all->last == &gone->next)
		all->last = &before->next;
	free(gone->pattern);
	free(gone);
}

/* Those behind it that it matches. */
static bool cover(struct proposals *all, struct proposal *one)
{
	struct proposal *before = one;
	bool changed = false;

	while (before->next) {
		if (is_alike(one, before->next) &&
		    pattern_covers(one->pattern, before->next->pattern)) {
			drop_next(all, before);
			changed = true;
		} else {
			before = before->next;
		}
	}
	return changed;
}

/* Files that are opened get no pattern: they are too many, and not alike.
 * Mutexes neither. */
static bool join(struct proposals *all, struct proposal *one)
{
	struct proposal *before;
	char *common;

	if (one->family == SHIM_OPEN || one->family == SHIM_MUTEX)
		return false;
	for (before = one; before->next; before = before->next) {
		if (!is_alike(one, before->next))
			continue;
		common = trace_common(one->pattern, before->next->pattern);
		if (!common || !proposal_is_rule(one->family, common)) {
			free(common);
			continue;
		}
		free(one->pattern);
		one->pattern = common;
		drop_next(all, before);
		return true;
	}
	return false;
}

/* One that is covered may stand before the one that covers it. */
static bool is_covered(const struct proposal *one)
{
	const struct proposal *other;

	for (other = one->next; other; other = other->next)
		if (is_alike(one, other) &&
		    pattern_covers(other->pattern, one->pattern))
			return true;
	return false;
}

void proposals_reduce(struct proposals *all)
{
	struct proposal *one;

	for (one = all->first; one; one = one->next)
		while (cover(all, one) || join(all, one))
			continue;
	while (all->first && is_covered(all->first)) {
		one = all->first;
		all->first = one->next;
		free(one->pattern);
		free(one);
	}
	for (one = all->first; one; one = one->next)
		while (one->next && is_covered(one->next))
			drop_next(all, one);
}
