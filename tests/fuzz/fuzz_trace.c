/* SPDX-License-Identifier: MIT */
/* fuzz_trace.c - the lines of a trace, as anybody may have written them.
 *
 * The report is a text of rules: whatever a name is, it neither ends a comment
 * nor makes a rule that is none.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/cli/trace/trace.h"

const char fuzz_name[] = "trace";

/* What the report says with another rule is another matter. */
static const struct rules none;

static void check_report(char *text)
{
	static struct shim_rule list[SHIM_RULES_MAX];
	struct shim_rule_error error;
	char *copy = strdup(text);
	int lines = 0;

	fuzz_check(copy);
	for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n"))
		lines += *line != '#';
	free(copy);
	fuzz_check(shim_rules_parse(text, list, SHIM_RULES_MAX, &error) ==
		   lines);
}

static char *report(const struct trace *trace)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fuzz_check(out);
	trace_tell(out, trace, &none);
	trace_propose(out, trace, &none);
	fclose(out);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace trace = { .lines = 0 };
	FILE *lines;
	char *text;

	if (size == 0)
		return 0;
	lines = fmemopen((void *)data, size, "r");
	fuzz_check(lines);
	fuzz_check(trace_read(&trace, lines));
	fclose(lines);
	text = report(&trace);
	check_report(text);
	free(text);
	trace_free(&trace);
	return 0;
}
