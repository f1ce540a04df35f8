/* SPDX-License-Identifier: MIT */
/* fail.c - errors of the benchmark, and its end. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>

#include "bench/fail.h"
#include "bench/progress.h"
#include "bench/stop.h"

static void say(const char *format, va_list arguments)
{
	char text[1024];

	progress_end();
	vsnprintf(text, sizeof(text), format, arguments);
	fprintf(stderr, "portlock-bench: %s\n", text);
}

void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	stop_exit(EXIT_FAILED);
}

void fail_usage(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	stop_exit(EXIT_USAGE);
}

void warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}
