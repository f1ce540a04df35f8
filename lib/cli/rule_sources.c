/* SPDX-License-Identifier: MIT */
/* rule_sources.c - gathers the rules from options, files and the environment.
 *
 * What is wrong is said here, as the shim can only ignore it.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli/preload.h"

static int no_memory(void)
{
	complain("%s", strerror(errno));
	return EXIT_SYSTEM;
}

static const struct verb *speaker(const struct rules *rules)
{
	return rules->verb ? rules->verb : &verb_preload;
}

/* A new last source. */
static struct source *append(struct rules *rules, const char *name,
			     const char *text)
{
	struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	*(rules->last ? &rules->last->next : &rules->sources) = source;
	rules->last = source;
	source->name = strdup(name);
	source->text = strdup(text);
	source->words = strdup(text);
	return source->name && source->text && source->words ? source : NULL;
}

static int add(struct rules *rules, const char *name, const char *text)
{
	struct source *source = append(rules, name, text);
	struct shim_rule_error error;
	int count;

	if (!source)
		return no_memory();
	count = shim_rules_parse(source->words, rules->list + rules->count,
				 SHIM_RULES_MAX, &error);
	if (count < 0)
		return misuse(speaker(rules),
			      error.example ? "%s: line %u, column %u: %s "
					      "(a good rule: %s)"
					    : "%s: line %u, column %u: %s",
			      name, error.line, error.column, error.message,
			      error.example);
	source->first = rules->count;
	rules->count += count;
	source->end = rules->count;
	rules->size += strlen(text) + 1;
	/* More the shim does not take. */
	if (rules->count > SHIM_RULES_MAX || rules->size >= SHIM_RULES_TEXT_MAX)
		return misuse(speaker(rules),
			      "too many rules: at most %d, and %d bytes, have "
			      "room",
			      SHIM_RULES_MAX, SHIM_RULES_TEXT_MAX);
	return 0;
}

int rules_add_option(struct rules *rules, const char *text)
{
	char name[32];
	int status;

	snprintf(name, sizeof(name), "--rule %d", ++rules->options);
	status = add(rules, name, text);
	if (status == 0 && rules->last->first == rules->last->end)
		return misuse(speaker(rules), "%s: there is no rule in '%.60s'",
			      name, text);
	return status;
}

int rules_add_file(struct rules *rules, const char *path)
{
	char *text = NULL;
	size_t room = 0;
	FILE *file = fopen(path, "re");
	ssize_t size = file ? getdelim(&text, &room, '\0', file) : -1;
	int status;

	if (!file || ferror(file))
		status =
			misuse(speaker(rules), "cannot read the rules '%s': %s",
			       path, strerror(errno));
	else if (size > 0 && text[size - 1] == '\0')
		status = misuse(speaker(rules), "the rules '%s' are no text",
				path);
	else
		status = add(rules, path, size > 0 ? text : "");
	if (file)
		fclose(file);
	free(text);
	return status;
}

int rules_add_environment(struct rules *rules)
{
	const char *text = getenv("PORTLOCK_RULES");
	const char *path = getenv("PORTLOCK_RULES_FILE");
	int status = text ? add(rules, "PORTLOCK_RULES", text) : 0;

	if (path && !*path)
		path = NULL;
	if (status == 0 && path && *path != '/')
		status = misuse(speaker(rules),
				"PORTLOCK_RULES_FILE must be an absolute path, "
				"not '%s'",
				path);
	if (status == 0 && path)
		status = rules_add_file(rules, path);
	return status;
}

char *rules_text(const struct rules *rules)
{
	char *text = malloc(rules->size + 1), *at = text;

	if (!text)
		return NULL;
	for (const struct source *source = rules->sources; source;
	     source = source->next) {
		at = stpcpy(at, source->text);
		*at++ = '\n';
	}
	*at = '\0';
	return text;
}

void rules_free(struct rules *rules)
{
	while (rules->sources) {
		struct source *source = rules->sources;

		rules->sources = source->next;
		free(source->name);
		free(source->text);
		free(source->words);
		free(source);
	}
	*rules = (struct rules){ .verb = rules->verb };
}
