/* SPDX-License-Identifier: MIT */
/* report.c - gathers what was found, in its order. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/cli/doctor/doctor.h"

static char *text_of(const char *format, va_list arguments)
{
	char *text;

	return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

void found(struct report *report, enum level level, const char *topic,
	   const char *format, ...)
{
	size_t size = (size_t)(report->count + 1) * sizeof(struct finding);
	struct finding *list = realloc(report->list, size);
	va_list arguments;
	char *what;

	va_start(arguments, format);
	what = text_of(format, arguments);
	va_end(arguments);
	if (list)
		report->list = list;
	if (!list || !what) {
		free(what);
		report->failed = true;
		return;
	}
	list[report->count++] = (struct finding){
		.level = level,
		.topic = topic,
		.what = what,
	};
}

void advise(struct report *report, const char *format, ...)
{
	va_list arguments;
	char **todo;

	if (report->failed)
		return;
	todo = &report->list[report->count - 1].todo;
	va_start(arguments, format);
	*todo = text_of(format, arguments);
	va_end(arguments);
	report->failed = !*todo;
}

void report_free(struct report *report)
{
	for (int i = 0; i < report->count; i++) {
		free(report->list[i].what);
		free(report->list[i].todo);
	}
	free(report->list);
	*report = (struct report){ 0 };
}
