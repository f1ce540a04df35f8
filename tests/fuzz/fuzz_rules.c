/* SPDX-License-Identifier: MIT */
/* fuzz_rules.c - the name of a lock in the first line, then rules.
 *
 * The grammar takes or refuses them; the command, given them as a file, and the
 * shim, given what the command makes of them, take the same; and what the
 * command prints of a rule is what the grammar read.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "lib/cli/preload.h"
#include "shim/pattern.h"

const char fuzz_name[] = "rules";

/* ---- the shim's reader, with files and an environment of ours ------------ */

static int fuzz_open(const char *path, int flags, ...)
{
	return open(path, flags);
}

#define fuzz_close close
#undef REAL
#define REAL(name) fuzz_##name
#define environ fuzz_environ
static char *variables[3];
static char **fuzz_environ = variables;
#include "shim/env.c"

void shim_log_line(const char *who, const char *name, const char *what)
{
	fuzz_check(*who && *name && *what);
}

void shim_log_rule(const struct shim_rule *rule, const char *name,
		   const char *what)
{
	fuzz_check(rule && *name && *what);
}

void lost_look_ahead(void)
{
}

const struct pl_ops shim_ops;

static int read_as_shim(char *value, char *path)
{
	used = 0;
	count = 0;
	variables[0] = value;
	variables[1] = path;
	atomic_store(&claimed, false);
	atomic_store(&ready, false);
	read_once();
	return count;
}

/* ---- what the command says ----------------------------------------------- */

const struct verb verb_preload = { .name = "preload" };

static char *said;
static size_t said_size;
static FILE *output, *errors; /* meanwhile */

/* Puts the command's words into memory. */
static void begin_saying(void)
{
	output = stdout;
	errors = stderr;
	stdout = stderr = open_memstream(&said, &said_size);
	fuzz_check(stdout);
}

static size_t end_saying(void)
{
	fclose(stdout);
	stdout = output;
	stderr = errors;
	free(said);
	return said_size;
}

/* ---- the invariants ------------------------------------------------------ */

static bool same_text(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) == 0 : one == other;
}

static void check_same(const struct shim_rule *one,
		       const struct shim_rule *other)
{
	fuzz_check(one->family == other->family);
	fuzz_check(same_text(one->pattern, other->pattern));
	fuzz_check(same_text(one->key, other->key));
	fuzz_check(one->timeout_ms == other->timeout_ms);
	fuzz_check(same_text(one->transport, other->transport));
	fuzz_check(same_text(one->log, other->log));
	fuzz_check(one->until_exit == other->until_exit);
	fuzz_check(one->bypass_shared == other->bypass_shared);
	fuzz_check(one->unguarded == other->unguarded);
}

/* A word for the grammar, each character so that it means itself. */
static char *put_word(char *at, const char *word)
{
	for (; *word; word++) {
		*at++ = '\\';
		*at++ = *word;
	}
	*at = '\0';
	return at;
}

/* A line that says the same as the rule. */
static void print_rule(char *at, const struct shim_rule *rule)
{
	const struct shim_family_facts *facts = &shim_families[rule->family];

	at += sprintf(at, "%s ", facts->name);
	at = put_word(at, rule->pattern);
	at += sprintf(at, " transport=%s", rule->transport);
	if (rule->timeout_ms >= 0)
		at += sprintf(at, " timeout=%lld.%03lld",
			      (long long)rule->timeout_ms / 1000,
			      (long long)rule->timeout_ms % 1000);
	if (rule->key) {
		at += sprintf(at, " key=");
		at = put_word(at, rule->key);
	}
	if (rule->log) {
		at += sprintf(at, " log=");
		at = put_word(at, rule->log);
	}
	if (facts->has_shared)
		at += sprintf(at, " shared=%s",
			      rule->bypass_shared ? "bypass" : "exclusive");
	sprintf(at, "%s%s", rule->until_exit ? " hold=exit" : "",
		rule->unguarded ? " guard=no" : "");
}

static void check_rule(const struct shim_rule *rule, const char *name)
{
	const char *key = rule->key ? rule->key : "";
	size_t size = 2 * (strlen(rule->pattern) + strlen(key) +
			   strlen(rule->log ? rule->log : "")) +
		      256;
	char *line = malloc(size), *text = malloc(SHIM_KEY_MAX);
	struct shim_rule_error error;
	struct shim_rule again;

	fuzz_check(line && text);
	fuzz_check(rule->family < SHIM_FAMILIES && rule->line >= 1);
	fuzz_check(*rule->pattern && rule->timeout_ms >= -1);
	print_rule(line, rule);
	fuzz_check(shim_rules_parse(line, &again, 1, &error) == 1);
	check_same(rule, &again);
	if (pattern_matches(rule->pattern, name) &&
	    shim_rule_key(rule, name, text))
		fuzz_check(*text && strlen(text) < SHIM_KEY_MAX);
	free(line);
	free(text);
}

static void check_error(const char *text, const struct shim_rule_error *error)
{
	for (unsigned line = 1; line < error->line; line++) {
		text = strchr(text, '\n');
		fuzz_check(text);
		text++;
	}
	fuzz_check(error->column >= 1 &&
		   error->column <= strcspn(text, "\n") + 1);
	fuzz_check(*error->message &&
		   memchr(error->message, '\0', sizeof(error->message)));
}

/* The rules that the grammar finds, or -1. */
static int check_grammar(const char *text, const char *name,
			 struct shim_rule *list)
{
	static char *words;
	struct shim_rule_error error;
	int found;

	free(words);
	words = strdup(text);
	fuzz_check(words);
	found = shim_rules_parse(words, list, SHIM_RULES_MAX, &error);
	if (found < 0)
		check_error(text, &error);
	for (int i = 0; i < found; i++)
		check_rule(&list[i], name);
	return found;
}

/* The command reads the file, checks it, and passes it on as one text. */
static char *read_as_command(const char *path, const struct shim_rule *list,
			     int found, bool fits)
{
	static struct rules sources;
	char *passed = NULL;
	int status, warned;
	size_t words;

	begin_saying();
	status = rules_add_file(&sources, path);
	words = end_saying();
	fuzz_check((status == 0) == (found >= 0 && fits));
	fuzz_check(status == (words > 0 ? EXIT_USAGE : 0));
	if (status == 0) {
		fuzz_check(sources.count == found);
		for (int i = 0; i < found; i++)
			check_same(&sources.list[i], &list[i]);
		begin_saying();
		warned = rules_check(&sources);
		words = end_saying();
		fuzz_check(warned == 0 || warned == EXIT_WARNED);
		fuzz_check((words > 0) == (found > 0));
		passed = rules_text(&sources);
		fuzz_check(passed);
	}
	rules_free(&sources);
	return passed;
}

/* The rule for the name is the first that matches. */
static void check_choice(const struct shim_rule *list, int found,
			 const char *name)
{
	for (int family = 0; family < SHIM_FAMILIES; family++) {
		const struct shim_rule *rule =
			shim_rule_find((enum shim_family)family, name);
		int first = 0;

		while (first < found &&
		       ((int)list[first].family != family ||
			!pattern_matches(list[first].pattern, name)))
			first++;
		fuzz_check((rule != NULL) == (first < found));
		if (rule)
			check_same(rule, &list[first]);
	}
}

static void check_readers(char *text, size_t size, const char *name,
			  const struct shim_rule *list, int found)
{
	char path[64] = "PORTLOCK_RULES_FILE=", *file = path + strlen(path);
	char *value, *passed;
	bool is_text = strlen(text) == size;
	int fd = input_file(text, size);

	sprintf(file, "/proc/self/fd/%d", fd);
	passed = read_as_command(file, list, found,
				 is_text && size + 1 < SHIM_RULES_TEXT_MAX);
	fuzz_check(read_as_shim(path, NULL) ==
		   (is_text && size < SHIM_RULES_TEXT_MAX && found > 0 ? found
								       : 0));
	if (passed) {
		fuzz_check(asprintf(&value, "PORTLOCK_RULES=%s", passed) > 0);
		fuzz_check(read_as_shim(value, NULL) == found);
		for (int i = 0; i < found; i++)
			check_same(&rules[i], &list[i]);
		check_choice(list, found, name);
		free(value);
	}
	free(passed);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct shim_rule list[SHIM_RULES_MAX];
	struct input input = { data, data + size };
	char *line = input_text(&input, '\n', &size), *name, *text;
	int found;

	fuzz_check(asprintf(&name, "/%s", line) > 0);
	text = input_text(&input, INPUT_ALL, &size);
	found = check_grammar(text, name, list);
	check_readers(text, size, name, list, found);
	free(line);
	free(name);
	free(text);
	return 0;
}
