/* SPDX-License-Identifier: MIT */
/* pattern.c - from the name of a lock to a pattern for its like.
 *
 * The names of one run may not be those of the next: process numbers and what
 * mkstemp() and its kin made up become a *.
 */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli/show/show.h"
#include "lib/cli/trace/trace.h"

/* How much of it stands in a folder for what is there for a while. */
static size_t temporary(const char *name)
{
	static const char *const folders[] = { "/tmp/", "/var/tmp/",
					       "/dev/shm/" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (strncmp(name, folders[i], strlen(folders[i])) == 0)
			return strlen(folders[i]);
	return 0;
}

static bool is_pid(const struct trace *trace, const char *word, size_t length)
{
	const struct process *process = trace->processes;
	char text[16], *end;
	long number;

	if (length < 2 || length >= sizeof(text))
		return false;
	memcpy(text, word, length);
	text[length] = '\0';
	number = strtol(text, &end, 10);
	while (process && process->pid != number)
		process = process->next;
	return !*end && process;
}

/*
 * Whether letters and digits look drawn by lot: six or more, with a letter
 * after a digit, or capitals behind small letters more than once.
 */
static bool is_random(const char *word, size_t length)
{
	int changes = 0;

	if (length < 6)
		return false;
	for (size_t i = 1; i < length; i++) {
		unsigned char last = (unsigned char)word[i - 1];
		unsigned char c = (unsigned char)word[i];

		changes += isdigit(last) && isalpha(c) ? 2 : 0;
		changes += islower(last) && isupper(c);
	}
	return changes >= 2;
}

/* A name may have what means something in a pattern or between the words of a
 * rule, or cannot be printed: a ? stands for each byte of it. */
static size_t put_literal(const char *text, char **to)
{
	size_t size = printable_size(text);

	if (size == 0 || strchr(" *?[]\\'\"#", *text)) {
		*(*to)++ = '?';
		return 1;
	}
	memcpy(*to, text, size);
	*to += size;
	return size;
}

/* Copies the next word, or a * for it; returns how much of the name it was. */
static size_t put_word(const struct trace *trace, const char *word,
		       bool may_differ, char **to)
{
	size_t length = 0;

	while (isalnum((unsigned char)word[length]))
		length++;
	if (length == 0)
		return put_literal(word, to);
	if (is_pid(trace, word, length) ||
	    (may_differ && is_random(word, length))) {
		*(*to)++ = '*';
	} else {
		memcpy(*to, word, length);
		*to += length;
	}
	return length;
}

char *trace_pattern(const struct trace *trace, const struct traced *lock)
{
	const char *name = lock->name, *base = strrchr(name, '/');
	char *pattern = malloc(strlen(name) + 3), *to = pattern;
	size_t steady = temporary(name), at = 0;
	bool made_up = lock->family == SHIM_SEM && lock->unlinked;

	if (!pattern)
		return NULL;
	/* The names of mutexes and System V semaphores are no temporary ones. */
	if (lock->family == SHIM_MUTEX || lock->family == SHIM_SYSVSEM)
		return strcpy(pattern, name);
	while (name[at]) {
		const char *word = name + at;
		bool may_differ = word > base || (steady > 0 && at >= steady);

		/* A semaphore whose name goes at once has one of no meaning. */
		if (made_up && word > base + 1 && strchr("-._", word[-1])) {
			*to++ = '*';
			break;
		}
		at += put_word(trace, word, may_differ, &to);
	}
	*to = '\0';
	return pattern;
}

static char *joined(const char *start, size_t length, const char *end)
{
	char *pattern = malloc(length + strlen(end) + 2);

	if (pattern) {
		memcpy(pattern, start, length);
		pattern[length] = '*';
		strcpy(pattern + length + 1, end);
	}
	return pattern;
}

char *trace_common(const char *one, const char *other)
{
	const char *base = strrchr(one, '/'), *beside = strrchr(other, '/');
	const char *end = base ? strrchr(base, '.') : NULL;
	size_t folder;

	if (!base || !beside || base - one != beside - other ||
	    memcmp(one, other, (size_t)(base - one)) != 0)
		return NULL;
	folder = (size_t)(base - one) + 1;
	/* Numbers of one set. */
	if (strncmp(one, "/0x", 3) == 0 && folder > 1)
		return joined(one, folder, "");
	if (end && strrchr(beside, '.') &&
	    strcmp(end, strrchr(beside, '.')) == 0)
		return joined(one, folder, end);
	/* Up to a mark that stands in both. */
	for (end = base + 1; *end && *end == beside[end - base]; end++)
		continue;
	while (end > base + 1 && !strchr("-._", end[-1]))
		end--;
	return end > base + 2 ? joined(one, (size_t)(end - one), "") : NULL;
}
