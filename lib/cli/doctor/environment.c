/* SPDX-License-Identifier: MIT */
/* environment.c - judges the variables that portlock knows. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cli/doctor/doctor.h"

#define TOPIC "environment"

/* Whether the shim would take the rules of that text. */
static bool judge_rules(struct report *report, const char *source,
			const char *text)
{
	static struct shim_rule rules[SHIM_RULES_MAX];
	struct shim_rule_error error;
	char *copy = strdup(text);
	int count;

	if (!copy || strlen(text) >= SHIM_RULES_TEXT_MAX) {
		found(report, LEVEL_PROBLEM, TOPIC,
		      "%s: too long, the shim ignores it", source);
		free(copy);
		return false;
	}
	count = shim_rules_parse(copy, rules, SHIM_RULES_MAX, &error);
	free(copy);
	if (count < 0) {
		found(report, LEVEL_PROBLEM, TOPIC,
		      "%s: the shim ignores it: line %u, column %u: %s", source,
		      error.line, error.column, error.message);
		if (error.example)
			advise(report, "a good rule: %s", error.example);
		return false;
	}
	found(report, count > 0 ? LEVEL_OK : LEVEL_WARNING, TOPIC,
	      "%s: %d rule%s", source, count, count == 1 ? "" : "s");
	if (count == 0)
		advise(report, "unset it, or put a rule there");
	return true;
}

static bool judge_rules_file(struct report *report, const char *name,
			     const char *path)
{
	char *text = NULL, *source = NULL;
	size_t room = 0;
	ssize_t size = -1;
	FILE *file;
	bool good = false;

	if (!*path)
		return true;
	if (*path != '/') {
		found(report, LEVEL_PROBLEM, TOPIC,
		      "%s: '%s' is not absolute, the shim ignores it", name,
		      path);
		advise(report, "give a path that begins with '/'");
		return false;
	}
	file = fopen(path, "re");
	if (file)
		size = getdelim(&text, &room, '\0', file);
	if (!file || ferror(file))
		found(report, LEVEL_PROBLEM, TOPIC,
		      "%s: '%s' cannot be read, the shim ignores it: %s", name,
		      path, strerror(errno));
	else if (asprintf(&source, "%s: %s", name, path) > 0)
		good = judge_rules(report, source, size > 0 ? text : "");
	if (file)
		fclose(file);
	free(source);
	free(text);
	return good;
}

static void judge_transport(struct report *report, const char *name,
			    const char *value)
{
	bool good = !strcmp(value, "tcp") || !strcmp(value, "unix") ||
		    !strcmp(value, "etcd") || !*value;

	found(report, good ? LEVEL_OK : LEVEL_PROBLEM, TOPIC, "%s: '%s'%s",
	      name, value, good ? "" : " is no transport: every lock fails");
	if (!good)
		advise(report, "set it to tcp, unix or etcd, or unset it");
}

static void judge_log(struct report *report, const char *name,
		      const char *value)
{
	bool good = !strcmp(value, "stderr") || *value == '/';

	found(report, good ? LEVEL_OK : LEVEL_WARNING, TOPIC, "%s: '%s'%s",
	      name, value, good ? "" : " is no place: nothing is logged");
	if (!good)
		advise(report, "set it to stderr, or to the path of a file, "
			       "from '/' on");
}

static bool is_program(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISREG(about.st_mode) &&
	       access(path, X_OK) == 0;
}

/* Of portlock-guard; empty is as without it. */
static void judge_guard(struct report *report, const char *name,
			const char *value)
{
	bool good = !*value || is_program(value);

	found(report, good ? LEVEL_OK : LEVEL_PROBLEM, TOPIC, "%s: '%s'%s",
	      name, value,
	      good ? "" : " cannot be run: rules with transport=etcd fail");
	if (!good)
		advise(report, "set it to the path of portlock-guard, or "
			       "unset it");
}

bool judge_variable(struct report *report, const char *name, const char *value)
{
	if (!strcmp(name, "PORTLOCK_RULES"))
		return judge_rules(report, name, value);
	if (!strcmp(name, "PORTLOCK_RULES_FILE"))
		return judge_rules_file(report, name, value);
	if (!strcmp(name, "PORTLOCK_TRANSPORT"))
		judge_transport(report, name, value);
	else if (!strcmp(name, "PORTLOCK_LOG"))
		judge_log(report, name, value);
	else if (!strcmp(name, "PORTLOCK_GUARD"))
		judge_guard(report, name, value);
	else if (judge_cluster_variable(report, name, value))
		return true;
	else if (!strcmp(name, "PORTLOCK_TOKEN"))
		found(report, LEVEL_NOTE, TOPIC,
		      "%s: 'portlock run' has started this, and holds its key "
		      "meanwhile",
		      name);
	else if (strcmp(name, "PORTLOCK_SHIM") != 0 &&	  /* see "shim" */
		 strcmp(name, "PORTLOCK_SESSION") != 0 && /* see "trial" */
		 strncmp(name, "PORTLOCK_TRACE", 14) != 0)
		found(report, LEVEL_NOTE, TOPIC,
		      "%s: no variable that portlock knows", name);
	return true;
}
