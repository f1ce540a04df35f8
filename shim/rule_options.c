/* SPDX-License-Identifier: MIT */
/* rule_options.c - what may follow the pattern of a rule: NAME=VALUE. */
#include "config.h"

#include <string.h>

#include "shim/rules.h"

#define MAX_SECONDS 1000000000

/* An option that is being read. */
struct option {
	struct cursor *cursor;
	const char *start; /* in its line */
	const char *value;
};

#define option_fail(option, ...)                                               \
	rule_fail((option)->cursor, (option)->start, __VA_ARGS__)

static bool take_key(const struct option *option, struct shim_rule *rule)
{
	const char *at;

	if (!*option->value)
		return option_fail(option, "the key is empty");
	for (at = strchr(option->value, '%'); at; at = strchr(at + 2, '%')) {
		if (!at[1])
			return option_fail(option,
					   "the key ends in a lone %%: write "
					   "%%%% for a percent sign");
		if (!strchr("nbdu%", at[1]))
			return option_fail(
				option,
				"unknown %%%c in the key: use %%n (name), "
				"%%b (last component), %%d (directory), "
				"%%u (user id) or %%%%",
				at[1]);
	}
	rule->key = option->value;
	return true;
}

static bool take_timeout(const struct option *option, struct shim_rule *rule)
{
	int64_t ms = 0, unit = 100;
	const char *at = option->value;
	bool digits = false;

	for (; *at >= '0' && *at <= '9' && ms <= MAX_SECONDS; at++) {
		ms = 10 * ms + (*at - '0');
		digits = true;
	}
	if (ms > MAX_SECONDS)
		return option_fail(option, "the timeout is above %d seconds",
				   MAX_SECONDS);
	ms *= 1000;
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10) {
			ms += unit * (*at - '0');
			digits = true;
		}
	if (*at || !digits)
		return option_fail(option,
				   "'%.40s' is no timeout: use seconds, such "
				   "as 30 or 0.5",
				   option->value);
	rule->timeout_ms = ms;
	return true;
}

static bool take_transport(const struct option *option, struct shim_rule *rule)
{
	if (strcmp(option->value, "unix") == 0)
		rule->transport = "unix";
	else if (strcmp(option->value, "tcp") == 0)
		rule->transport = "tcp";
	else if (strcmp(option->value, "etcd") == 0)
		rule->transport = "etcd";
	else
		return option_fail(option,
				   "unknown transport '%.40s': use unix, tcp "
				   "or etcd",
				   option->value);
	return true;
}

static bool take_on_lost(const struct option *option, struct shim_rule *rule)
{
	rule->warns = strcmp(option->value, "warn") == 0;
	if (!rule->warns && strcmp(option->value, "kill") != 0)
		return option_fail(option,
				   "unknown on-lost '%.40s': use kill or warn",
				   option->value);
	return true;
}

static bool take_hold(const struct option *option, struct shim_rule *rule)
{
	const char *reason = shim_families[rule->family].no_hold;

	if (reason)
		return option_fail(option, "there is no hold= for %s: %s",
				   shim_family_name(rule->family), reason);
	if (strcmp(option->value, "exit") != 0)
		return option_fail(option, "unknown hold '%.40s': use exit",
				   option->value);
	rule->until_exit = true;
	return true;
}

static bool take_shared(const struct option *option, struct shim_rule *rule)
{
	if (!shim_families[rule->family].has_shared)
		return option_fail(option,
				   "there is no shared= for %s: it is for "
				   "flock, fcntl and open",
				   shim_family_name(rule->family));
	rule->bypass_shared = strcmp(option->value, "bypass") == 0;
	if (!rule->bypass_shared && strcmp(option->value, "exclusive") != 0)
		return option_fail(option,
				   "unknown shared '%.40s': use exclusive or "
				   "bypass",
				   option->value);
	return true;
}

static bool take_guard(const struct option *option, struct shim_rule *rule)
{
	if (rule->family != SHIM_LOCKFILE)
		return option_fail(option,
				   "there is no guard= for %s: it is for "
				   "lockfile",
				   shim_family_name(rule->family));
	if (strcmp(option->value, "no") != 0)
		return option_fail(option, "unknown guard '%.40s': use no",
				   option->value);
	rule->unguarded = true;
	return true;
}

static bool take_log(const struct option *option, struct shim_rule *rule)
{
	if (*option->value != '/' && strcmp(option->value, "stderr") != 0 &&
	    strcmp(option->value, "none") != 0)
		return option_fail(option,
				   "'%.40s' is no place for a log: use stderr, "
				   "none or an absolute path",
				   option->value);
	rule->log = option->value;
	return true;
}

#define ON_LOST "on-lost="
#define SHARED "shared="

static const struct {
	const char *name;
	bool (*take)(const struct option *option, struct shim_rule *rule);
} options[] = {
	{ "key=", take_key },
	{ "timeout=", take_timeout },
	{ "transport=", take_transport },
	{ ON_LOST, take_on_lost },
	{ "hold=", take_hold },
	{ SHARED, take_shared },
	{ "guard=", take_guard },
	{ "log=", take_log },
};

#define OPTIONS (int)(sizeof(options) / sizeof(options[0]))

/* Its number, and the value in it; OPTIONS: there is none of that name. */
static int find(const char *text, const char **value)
{
	for (int i = 0; i < OPTIONS; i++) {
		size_t length = strlen(options[i].name);

		if (strncmp(text, options[i].name, length) == 0) {
			*value = text + length;
			return i;
		}
	}
	return OPTIONS;
}

/* What one option means for another one, in whatever order they stand. */
static bool finish(struct cursor *cursor, const char *const starts[OPTIONS],
		   struct shim_rule *rule)
{
	const char *value;
	const char *on_lost = starts[find(ON_LOST, &value)];

	if (!shim_rule_is_etcd(rule))
		return !on_lost ||
		       rule_fail(cursor, on_lost,
				 "there is no on-lost= without transport=etcd: "
				 "on one host no lock is lost");
	/* The real lock, which those who share it have, is one host's. */
	if (!starts[find(SHARED, &value)])
		rule->bypass_shared = false;
	/* Nor is a file on one host a lock on the others: so its maker has the
	 * portlock, and not only while it waits. */
	if (shim_families[rule->family].cluster_until && !rule->key)
		rule->key = shim_families[rule->family].cluster_key;
	return true;
}

bool rule_take_options(struct cursor *cursor, struct shim_rule *rule)
{
	struct option option = { .cursor = cursor };
	const char *starts[OPTIONS] = { NULL };

	while (rule_more(cursor)) {
		const char *text = rule_word(cursor, &option.start);
		int i;

		if (!text)
			return false;
		i = find(text, &option.value);
		if (i == OPTIONS)
			return option_fail(
				&option,
				"unknown option '%.40s': use key=, timeout=, "
				"transport=, on-lost=, hold=, shared=, guard= "
				"or log=",
				text);
		if (starts[i])
			return option_fail(&option, "%s is given twice",
					   options[i].name);
		starts[i] = option.start;
		if (!options[i].take(&option, rule))
			return false;
	}
	return finish(cursor, starts, rule);
}
