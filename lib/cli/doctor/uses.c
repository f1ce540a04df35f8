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

struct visit {
	struct uses *uses;
	const char *file;
};

static void add(const struct visit *visit, int group, const char *function)
{
	struct uses *uses = visit->uses;
	struct use use = { group, strdup(function), strdup(visit->file) };
	struct use *list =
		realloc(uses->list, (size_t)(uses->count + 1) * sizeof(use));

	if (list)
		uses->list = list;
	if (list && use.function && use.file) {
		list[uses->count++] = use;
		return;
	}
	free(use.function);
	free(use.file);
	uses->failed = true;
}

static void judge_name(void *argument, const char *name)
{
	const struct visit *visit = argument;

	for (int i = 0; i < SHIM_FAMILIES; i++)
		if (is_one_of(shim_families[i].takers, name))
			add(visit, i, name);
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (fnmatch(unseen[i].pattern, name, 0) == 0)
			add(visit, unseen[i].group, name);
}

int uses_add(struct uses *uses, const char *file)
{
	struct visit visit = { uses, file };

	return elf_imports(file, judge_name, &visit);
}

bool uses_have(const struct uses *uses, int group, const char *function)
{
	for (int i = 0; i < uses->count; i++)
		if (uses->list[i].group == group &&
		    (!function || !strcmp(uses->list[i].function, function)))
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
	for (int i = 0; i < uses->count; i++) {
		const struct use *use = &uses->list[i];

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
	for (int i = 0; i < uses->count; i++) {
		free(uses->list[i].function);
		free(uses->list[i].file);
	}
	free(uses->list);
	*uses = (struct uses){ 0 };
}
