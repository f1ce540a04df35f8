/* SPDX-License-Identifier: MIT */
/* uses.c - which functions of the shim's families a program and its
 * libraries call, by the names that they import.
 */
#include "config.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli/doctor/doctor.h"

/* Names that tell of locks which the shim does not see. */
static const struct {
	const char *pattern;
	int group;
} unseen[] = {
	{ "dlopen", USES_DLOPEN },
	{ "dlmopen", USES_DLOPEN },
	{ "syscall", USES_SYSCALL },
	{ "io_uring_*", USES_URING },
	{ "pthread_rwlock_*lock", USES_OTHERS },
	{ "pthread_spin_*lock", USES_OTHERS },
	{ "mtx_*lock", USES_OTHERS },
	{ "sem_init", USES_OTHERS },
};

static bool has_word(const char *words, const char *word, size_t length)
{
	while (*words) {
		size_t size = strcspn(words, " ");

		if (size == length && strncmp(words, word, length) == 0)
			return true;
		words += size;
		words += *words == ' ';
	}
	return false;
}

/*
 * Whether the name is one of the words, or one of libc's other names for it:
 * with "__" before it and perhaps "_2", "64" or "_time64" after it, by which
 * checked calls and programs with 64-bit times call it.
 */
static bool is_one_of(const char *words, const char *name)
{
	static const char *const suffixes[] = { "", "_2", "_time64", "64" };
	size_t length = strlen(name);

	if (has_word(words, name, length))
		return true;
	if (strncmp(name, "__", 2) != 0)
		return false;
	name += 2;
	length -= 2;
	for (int i = 0; i < 4; i++) {
		size_t size = strlen(suffixes[i]);

		if (size < length &&
		    strcmp(name + length - size, suffixes[i]) == 0 &&
		    has_word(words, name, length - size))
			return true;
	}
	return false;
}

static void free_use(struct use *use)
{
	free(use->function);
	free(use->file);
	free(use);
}

static struct use *new_use(int group, const char *function, const char *file)
{
	struct use *use = calloc(1, sizeof(*use));

	if (!use)
		return NULL;
	use->group = group;
	use->function = strdup(function);
	use->file = strdup(file);
	if (use->function && use->file)
		return use;
	free_use(use);
	return NULL;
}

static void add(struct uses *uses, int group, const char *function)
{
	struct use *use = new_use(group, function, uses->file);

	if (!use) {
		uses->failed = true;
		return;
	}
	*(uses->last ? &uses->last->next : &uses->first) = use;
	uses->last = use;
}

static void judge_name(void *argument, const char *name)
{
	struct uses *uses = argument;

	for (int i = 0; i < SHIM_FAMILIES; i++)
		if (is_one_of(shim_families[i].takers, name))
			add(uses, i, name);
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (fnmatch(unseen[i].pattern, name, 0) == 0)
			add(uses, unseen[i].group, name);
}

int uses_add(struct uses *uses, const char *file)
{
	uses->file = file;
	return elf_imports(file, judge_name, uses);
}

bool uses_have(const struct uses *uses, int group, const char *function)
{
	for (const struct use *use = uses->first; use; use = use->next)
		if (use->group == group &&
		    (!function || !strcmp(use->function, function)))
			return true;
	return false;
}

char *uses_text(const struct uses *uses, int group)
{
	const char *file = NULL, *slash;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (const struct use *use = uses->first; use; use = use->next) {
		if (use->group != group)
			continue;
		if (file && strcmp(file, use->file) != 0) {
			slash = strrchr(file, '/');
			fprintf(out, " (%s); ", slash ? slash + 1 : file);
		} else if (file) {
			fputc(' ', out);
		}
		fputs(use->function, out);
		file = use->file;
	}
	if (file) {
		slash = strrchr(file, '/');
		fprintf(out, " (%s)", slash ? slash + 1 : file);
	}
	if (fclose(out) == 0 && file)
		return text;
	free(text);
	return NULL;
}

void uses_free(struct uses *uses)
{
	while (uses->first) {
		struct use *use = uses->first;

		uses->first = use->next;
		free_use(use);
	}
	*uses = (struct uses){ .first = NULL };
}
