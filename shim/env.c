/* SPDX-License-Identifier: MIT */
/* env.c - what the environment tells the shim, read once and kept.
 *
 * Programs change their environment, and bash even exports a getenv() of its
 * own: so environ is read directly, at the start.  A set-user-ID program's
 * environment is not to be trusted and says nothing.
 */
#include "config.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "shim/shim.h"

#define MAX_PLACE 4096

static char text[SHIM_RULES_TEXT_MAX], place[MAX_PLACE];
static struct shim_rule rules[SHIM_RULES_MAX];
static int count;
static bool has_rules[SHIM_FAMILIES];
static atomic_bool claimed, ready;

static const char *get(const char *name)
{
	size_t length = strlen(name);
	char **at;

	if (!environ || getauxval(AT_SECURE))
		return NULL;
	for (at = environ; *at; at++)
		if (strncmp(*at, name, length) == 0 && (*at)[length] == '=')
			return *at + length + 1;
	return NULL;
}

/* A copy in the given memory; false if unset or too long for it. */
static bool copy(const char *name, char *to, size_t size)
{
	const char *value = get(name);

	if (!value || strlen(value) >= size)
		return false;
	strcpy(to, value);
	return true;
}

static void parse(void)
{
	struct shim_rule_error error;
	char what[sizeof(error.message) + 64];
	int rule;

	count = shim_rules_parse(text, rules, SHIM_RULES_MAX, &error);
	if (count < 0) {
		/* What a broken rule meant is anybody's guess: follow none. */
		count = 0;
		snprintf(what, sizeof(what), "line %u, column %u: %s",
			 error.line, error.column, error.message);
		shim_log_line("rules", "all ignored", what);
	}
	for (rule = 0; rule < count; rule++)
		has_rules[rules[rule].family] = true;
}

/*
 * False until all is read: whoever asks while another thread reads, or while
 * a log line about the reading is written, is told that there are no rules.
 */
static bool read_once(void)
{
	if (atomic_load_explicit(&ready, memory_order_acquire))
		return true;
	if (!environ || atomic_exchange(&claimed, true))
		return false;
	if (!copy("PORTLOCK_LOG", place, sizeof(place)) ||
	    (place[0] != '/' && strcmp(place, "stderr") != 0))
		place[0] = '\0';
	if (copy("PORTLOCK_RULES", text, sizeof(text)))
		parse();
	else if (get("PORTLOCK_RULES"))
		shim_log_line("rules", "all ignored", "too long");
	atomic_store_explicit(&ready, true, memory_order_release);
	return true;
}

__attribute__((constructor)) static void read_early(void)
{
	read_once();
}

const char *shim_log_place(void)
{
	return place[0] ? place : NULL;
}

bool shim_family_has_rules(enum shim_family family)
{
	return read_once() && has_rules[family];
}

const struct shim_rule *shim_rule_find(enum shim_family family,
				       const char *name)
{
	int rule;

	if (!shim_family_has_rules(family))
		return NULL;
	for (rule = 0; rule < count; rule++)
		if (rules[rule].family == family &&
		    fnmatch(rules[rule].pattern, name, 0) == 0)
			return &rules[rule];
	return NULL;
}

const struct shim_rule *shim_rule_next(enum shim_family family,
				       const struct shim_rule *rule)
{
	if (!shim_family_has_rules(family))
		return NULL;
	for (rule = rule ? rule + 1 : rules; rule < rules + count; rule++)
		if (rule->family == family)
			return rule;
	return NULL;
}

int shim_lock_init(struct portlock_lock *lock, const struct shim_rule *rule,
		   const char *name)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	char key[SHIM_KEY_MAX];

	/* Before its first use the core must know what not to call. */
	if (pl_ops != &shim_ops)
		pl_ops = &shim_ops;
	if (!shim_rule_key(rule, name, key))
		return -ENAMETOOLONG;
	options.timeout_ms = rule->timeout_ms;
	options.transport = rule->transport;
	return pl_lock_init(lock, key, &options);
}
