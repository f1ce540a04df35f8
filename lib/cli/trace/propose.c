/* SPDX-License-Identifier: MIT */
/* propose.c - the rules that would serialise what a trace has seen. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli/trace/propose.h"

#define MUTEXES 3
#define TRIED_TIMEOUT 30 /* that of lock files */

static const char *const why[SHIM_FAMILIES] = {
	[SHIM_SEM] = "freed when its holder dies",
	[SHIM_LOCKFILE] = "waits in order instead of failing",
	[SHIM_OPEN] = "read and written without a lock",
	[SHIM_MUTEX] = "only if it guards what processes share",
	[SHIM_SYSVSEM] = "freed when its holder dies",
	[SHIM_FLOCK] = "waits in order",
	[SHIM_FCNTL] = "waits in order",
	[SHIM_PASSWD] = "waits in order",
	[SHIM_LIBLOCKFILE] = "waits in order, does not poll",
};

/* Takes the pattern over; NULL: it is no rule, or there is no memory. */
static struct proposal *add(struct proposals *all, enum shim_family family,
			    char *pattern)
{
	struct proposal *one;

	if (pattern && !proposal_is_rule(family, pattern)) {
		free(pattern);
		return NULL;
	}
	one = pattern ? calloc(1, sizeof(*one)) : NULL;
	if (!one) {
		free(pattern);
		all->failed = true;
		return NULL;
	}
	one->family = family;
	one->pattern = pattern;
	one->why = why[family];
	*(all->last ? all->last : &all->first) = one;
	all->last = &one->next;
	return one;
}

/* ---- from locks to proposals --------------------------------------------- */

/* The part of the path that is git's folder, with the slash; 0: none. */
static size_t git_folder(const char *path)
{
	const char *found = strstr(path, "/.git/");

	return found ? (size_t)(found - path) + strlen("/.git/") : 0;
}

/*
 * The file that was read too early is the one to hold, from its first open on.
 * git looks for its repository by such files: there it is a known other one.
 */
static void add_protected(struct proposals *all, const struct trace *trace,
			  const struct traced *lock)
{
	struct traced file = { .family = SHIM_OPEN, .name = lock->protects };
	char *pattern = trace_pattern(trace, &file);
	size_t folder = pattern ? git_folder(pattern) : 0;
	struct proposal *one;
	char *config;

	if (folder > 0) {
		all->git = true;
		config = malloc(folder + sizeof("config"));
		if (config) {
			memcpy(config, pattern, folder);
			strcpy(config + folder, "config");
		}
		free(pattern);
		pattern = config;
	}
	one = add(all, SHIM_OPEN, pattern);
	if (!one)
		return;
	one->until_exit = true;
	one->why = "was read before its lock was asked for: held by the "
		   "whole program";
	if (folder > 0)
		add(all, SHIM_LOCKFILE, trace_pattern(trace, lock));
}

/* Whether a rule can do something for it. */
static bool is_served(const struct traced *lock)
{
	switch (lock->family) {
	case SHIM_SEM:
		return !lock->counts && lock->taken + lock->failed > 0;
	case SHIM_SYSVSEM:
		return !lock->counts && strncmp(lock->name, "/0x", 3) == 0;
	case SHIM_FLOCK:
	case SHIM_FCNTL:
		return lock->name[0] == '/' &&
		       (lock->shared < lock->taken || lock->taken == 0) &&
		       !strstr(lock->name, " (deleted)");
	default:
		return lock->name[0] == '/';
	}
}

static void add_lock(struct proposals *all, const struct trace *trace,
		     const struct traced *lock)
{
	struct proposal *one;

	if (lock->protects) {
		add_protected(all, trace, lock);
		return;
	}
	one = add(all, lock->family, trace_pattern(trace, lock));
	if (!one)
		return;
	one->unguarded = lock->again;
	one->tried = trace_is_tried(lock);
	one->upgraded = lock->upgraded;
	one->doubtful = trace_may_be_lock(trace, lock);
	if (one->doubtful)
		one->why = "only if others must keep away while it is there";
	else if (one->tried)
		one->why = "waits in order, up to that time, instead of "
			   "failing";
}

static void add_file(struct proposals *all, const struct trace *trace,
		     const struct traced *file, bool doubtful)
{
	struct proposal *one = add(all, SHIM_OPEN, trace_pattern(trace, file));

	if (one) {
		one->until_exit = file->rewrite;
		one->doubtful = doubtful;
	}
}

/* Only the first few: few guard what others see. */
static void add_mutexes(struct proposals *all, const struct trace *trace,
			const struct rules *rules)
{
	const struct traced *lock = trace->locks;
	struct proposal *one;
	int count = 0;

	if (!trace_offers_mutexes(trace))
		return;
	for (; lock && count < MUTEXES; lock = lock->next) {
		if (lock->family != SHIM_MUTEX || !trace_is_lock(trace, lock) ||
		    trace_rule_of(rules, lock))
			continue;
		one = add(all, SHIM_MUTEX, trace_pattern(trace, lock));
		if (one)
			one->doubtful = true;
		count++;
	}
}

/* Files that are written without a lock come last: where there are locks, one
 * of those may be what protects them. */
static void gather(struct proposals *all, const struct trace *trace,
		   const struct rules *rules)
{
	const struct traced *lock;
	bool any = false, maybe;

	for (lock = trace->locks; lock; lock = lock->next) {
		maybe = trace_may_be_lock(trace, lock);
		if (lock->family == SHIM_OPEN || lock->family == SHIM_MUTEX ||
		    (!maybe && !trace_is_lock(trace, lock)))
			continue;
		any |= !maybe;
		if (is_served(lock) && !trace_rule_of(rules, lock))
			add_lock(all, trace, lock);
	}
	add_mutexes(all, trace, rules);
	for (lock = trace->locks; lock; lock = lock->next)
		if (lock->family == SHIM_OPEN && is_served(lock) &&
		    !trace_rule_of(rules, lock) && !trace_has_lock(trace, lock))
			add_file(all, trace, lock, any);
}

/* ---- a key for all that one program holds until it ends ------------------ */

/* Two files with keys of their own would be waited for in any order. */
static void find_common(struct proposals *all)
{
	const struct proposal *first = NULL, *one;
	size_t same = 0;

	for (one = all->first; one; one = one->next) {
		if (!one->until_exit || one->doubtful)
			continue;
		all->until_exit++;
		if (!first) {
			first = one;
			same = strlen(one->pattern);
		}
		for (size_t i = 0; i < same; i++)
			if (one->pattern[i] != first->pattern[i])
				same = i;
	}
	while (first && same > 0 && first->pattern[same - 1] != '/')
		same--;
	if (first)
		all->common = strndup(first->pattern, same);
}

static void put_key(FILE *out, const struct proposals *all)
{
	if (all->git) {
		fputs(" key=git:%d", out);
	} else if (all->until_exit > 1 && all->common) {
		fputs(" key=open:", out);
		for (const char *at = all->common; *at; at++)
			fputs(*at == '%' ? "%%" : (char[]){ *at, '\0' }, out);
	}
}

static void print(FILE *out, const struct proposals *all)
{
	int count = 0;

	for (const struct proposal *one = all->first; one; one = one->next) {
		fprintf(out, "# %s\n", one->why);
		if (one->doubtful)
			fputs("# perhaps: ", out);
		else if (++count > SHIM_RULES_MAX)
			fputs("# one too many: ", out);
		fprintf(out, "%s %s", shim_family_name(one->family),
			one->pattern);
		if (one->until_exit) {
			fputs(" hold=exit", out);
			if (!one->doubtful)
				put_key(out, all);
		}
		if (one->tried)
			fprintf(out, " timeout=%d", TRIED_TIMEOUT);
		fputs(one->upgraded ? " shared=exclusive" : "", out);
		fputs(one->unguarded ? " guard=no\n" : "\n", out);
	}
}

void trace_propose(FILE *out, const struct trace *trace,
		   const struct rules *rules)
{
	struct proposals all = { .first = NULL };

	gather(&all, trace, rules);
	proposals_reduce(&all);
	find_common(&all);
	if (all.failed)
		complain("there is no memory for all rules");
	if (all.first)
		fputs("# Rules to try, as for portlock preload --rules:\n",
		      out);
	print(out, &all);
	free(all.common);
	while (all.first) {
		struct proposal *one = all.first;

		all.first = one->next;
		free(one->pattern);
		free(one);
	}
}
