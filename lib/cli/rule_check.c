/* SPDX-License-Identifier: MIT */
/* rule_check.c - what the rules of portlock preload do, and which of them can
 * never match.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/cli/preload.h"
#include "shim/pattern.h"

const struct source *rules_source(const struct rules *rules, int number)
{
	const struct source *source = rules->sources;

	while (number >= source->end)
		source = source->next;
	return source;
}

static void print_line(const char *text, unsigned line)
{
	for (; line > 1; line--)
		text = strchr(text, '\n') + 1;
	text += strspn(text, " \t");
	printf("%.*s\n", (int)strcspn(text, "\r\n"), text);
}

static const char *until(const struct shim_rule *rule)
{
	const struct shim_family_facts *facts = &shim_families[rule->family];

	if (rule->until_exit)
		return "the process ends";
	if (shim_rule_is_etcd(rule) && facts->cluster_until)
		return facts->cluster_until;
	return facts->until;
}

static void print_rule(const struct source *source,
		       const struct shim_rule *rule)
{
	const struct shim_family_facts *facts = &shim_families[rule->family];

	printf("%s:%u: ", source->name, rule->line);
	print_line(source->text, rule->line);
	printf("  taken by  %s\n", facts->takers);
	printf("  ended by  %s\n", facts->enders);
	if (rule->key)
		printf("  key       %s\n", rule->key);
	else
		printf("  key       %s:%%n\n", facts->name);
	printf("  transport %s\n", rule->transport);
	if (shim_rule_is_etcd(rule))
		printf("  on-lost   %s\n", rule->warns ? "warn" : "kill");
	if (rule->timeout_ms < 0)
		printf("  timeout   none\n");
	else
		printf("  timeout   %.15g s, then %s\n",
		       (double)rule->timeout_ms / 1000, facts->expired);
	printf("  held      until %s\n", until(rule));
	if (facts->has_shared)
		printf("  shared    %s\n",
		       rule->bypass_shared ? "bypass, without a portlock"
					   : "exclusive, as the others");
	if (rule->unguarded)
		printf("  guard     no\n");
	printf("  log       %s\n",
	       rule->log ? rule->log : "where PORTLOCK_LOG says");
}

int rules_taken_by(const struct rules *rules, int number)
{
	const struct shim_rule *later = &rules->list[number];

	for (int i = 0; i < number; i++)
		if (rules->list[i].family == later->family &&
		    pattern_covers(rules->list[i].pattern, later->pattern))
			return i;
	return -1;
}

int rules_check(const struct rules *rules)
{
	int status = 0;

	for (int i = 0; i < rules->count; i++)
		print_rule(rules_source(rules, i), &rules->list[i]);
	fflush(stdout);
	for (int i = 0; i < rules->count; i++) {
		int first = rules_taken_by(rules, i);

		if (first < 0)
			continue;
		complain("%s:%u: this rule never matches, as %s:%u comes first",
			 rules_source(rules, i)->name, rules->list[i].line,
			 rules_source(rules, first)->name,
			 rules->list[first].line);
		status = EXIT_WARNED;
	}
	return status;
}

int rules_check_proc(const struct rules *rules)
{
	for (int i = 0; i < rules->count; i++) {
		const struct shim_rule *rule = &rules->list[i];
		const char *file = shim_families[rule->family].proc;

		if (!file || access(file, F_OK) == 0)
			continue;
		complain("%s:%u: without /proc, no rule of the family %s "
			 "matches ('%s': %s): mount it, as by "
			 "'mount -t proc proc /proc'",
			 rules_source(rules, i)->name, rule->line,
			 shim_family_name(rule->family), file, strerror(errno));
		return EXIT_SYSTEM;
	}
	return 0;
}
