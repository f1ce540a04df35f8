/* SPDX-License-Identifier: MIT */
/* rules.c - the rules' grammar; the command checks rules with it, too. */
#include "config.h"

#include <string.h>

#include "shim/pattern.h"
#include "shim/rules.h"

static bool take_family(struct cursor *cursor, struct shim_rule *rule)
{
	const char *start;
	const char *name = rule_word(cursor, &start);

	if (!name)
		return false;
	for (int family = 0; family < SHIM_FAMILIES; family++) {
		const struct shim_family_facts *facts = &shim_families[family];

		if (strcmp(name, facts->name) != 0)
			continue;
		*rule = (struct shim_rule){
			.family = (enum shim_family)family,
			.line = cursor->error->line,
			.timeout_ms = facts->timeout_ms,
			.transport = "unix",
			.bypass_shared = facts->bypass_shared,
		};
		cursor->error->example = facts->example;
		return true;
	}
	return rule_fail(cursor, start,
			 "unknown family '%.40s': use sem, lockfile, open, "
			 "mutex, sysvsem, flock, fcntl, passwd or liblockfile",
			 name);
}

/* Whether a lock of the family may have a name like that. */
static bool can_match(const struct shim_family_facts *facts,
		      const char *pattern)
{
	if (facts->paths && pattern_is_untidy(pattern))
		return false;
	for (int i = 0; i < 2 && facts->shapes[i]; i++)
		if (pattern_fits(pattern, facts->shapes[i]))
			return true;
	return false;
}

static bool refuse_pattern(struct cursor *cursor, const char *start,
			   const struct shim_family_facts *facts,
			   const char *pattern)
{
	char better[64];
	size_t room = sizeof(better) - strlen(facts->missing);

	if (strlen(pattern) < room) {
		strcpy(better, facts->missing);
		strcat(better, pattern);
		if (can_match(facts, better))
			return rule_fail(cursor, start,
					 "this matches nothing, as %s: "
					 "write %s",
					 facts->names, better);
	}
	return rule_fail(cursor, start, "this matches nothing, as %s",
			 facts->names);
}

static bool take_pattern(struct cursor *cursor, struct shim_rule *rule)
{
	const struct shim_family_facts *facts = &shim_families[rule->family];
	const char *start;

	if (!rule_more(cursor))
		return rule_fail(cursor, cursor->at, "a pattern is missing");
	rule->pattern = rule_word(cursor, &start);
	if (!rule->pattern)
		return false;
	if (!*rule->pattern)
		return rule_fail(cursor, start,
				 "the pattern is empty: use * for every name");
	if (!can_match(facts, rule->pattern))
		return refuse_pattern(cursor, start, facts, rule->pattern);
	return true;
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
		if (!rule_more(&cursor))
			continue;
		error->example = NULL;
		if (count == limit) {
			rule_fail(&cursor, cursor.at,
				  "there is no room for more than %d rules",
				  limit);
			return -1;
		}
		error->example = shim_families[SHIM_LOCKFILE].example;
		if (!take_family(&cursor, &rules[count]) ||
		    !take_pattern(&cursor, &rules[count]) ||
		    !rule_take_options(&cursor, &rules[count]))
			return -1;
		count++;
	}
	return count;
}
