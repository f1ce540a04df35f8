/* SPDX-License-Identifier: MIT */
/* read.c - reads the lines of a trace; anybody may have written them. */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli/trace/trace.h"

/* The next word, which ends there; NULL: there is none. */
static char *cut(char **at)
{
	char *word = *at;

	if (!*word)
		return NULL;
	*at += strcspn(word, " ");
	if (**at)
		*(*at)++ = '\0';
	return *word ? word : NULL;
}

static int value_of(char digit)
{
	const char *digits = "0123456789abcdef";
	const char *found = digit ? strchr(digits, digit) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* The character that is written as \xHH there, or '\0'. */
static char escaped(const char *text)
{
	int high, low;

	if (text[0] != '\\' || text[1] != 'x')
		return '\0';
	high = value_of(text[2]);
	low = high < 0 ? -1 : value_of(text[3]);
	return low < 0 ? '\0' : (char)(high * 16 + low);
}

/* In place. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		char character = escaped(text);

		*to++ = character ? character : *text;
		text += character ? 4 : 1;
	}
	*to = '\0';
}

/* "SECONDS.MICROSECONDS", of which there are six digits. */
static bool take_time(const char *word, int64_t *us)
{
	char *end;
	long long seconds;

	if (!word || !isdigit((unsigned char)*word))
		return false;
	seconds = strtoll(word, &end, 10);
	if (*end != '.' || strspn(end + 1, "0123456789") != 6 || end[7] ||
	    seconds > INT64_MAX / 2000000)
		return false;
	*us = seconds * 1000000 + strtol(end + 1, NULL, 10);
	return true;
}

static bool take_pid(const char *word, pid_t *pid)
{
	char *end;
	long number;

	if (!word || !isdigit((unsigned char)*word))
		return false;
	number = strtol(word, &end, 10);
	*pid = (pid_t)number;
	return !*end && number > 0 && *pid == number;
}

bool trace_parse(char *text, struct trace_line *line)
{
	char *name, *word;
	int count = 0;

	text[strcspn(text, "\n")] = '\0';
	*line = (struct trace_line){ .time = 0 };
	if (!take_time(cut(&text), &line->time) ||
	    !take_pid(cut(&text), &line->pid))
		return false;
	line->function = cut(&text);
	line->name = name = cut(&text);
	line->result = cut(&text);
	if (!line->function || !name || !line->result ||
	    !take_time(cut(&text), &line->took))
		return false;
	unescape(name);
	while (count < TRACE_DETAILS && (word = cut(&text)) != NULL) {
		unescape(word);
		line->details[count++] = word;
	}
	return true;
}

const char *trace_detail(const struct trace_line *line, const char *word)
{
	size_t length = strlen(word);

	for (int i = 0; i < TRACE_DETAILS && line->details[i]; i++) {
		const char *detail = line->details[i];

		if (strncmp(detail, word, length) != 0)
			continue;
		if (detail[length] == '=')
			return detail + length + 1;
		if (!detail[length])
			return detail + length;
	}
	return NULL;
}

bool trace_read(struct trace *trace, FILE *file)
{
	struct trace_line line;
	char *text = NULL;
	size_t room = 0;

	while (!trace->failed && getline(&text, &room, file) >= 0)
		if (trace_parse(text, &line))
			trace_call(trace, &line);
		else
			trace->foreign++;
	free(text);
	return !trace->failed && !ferror(file);
}
