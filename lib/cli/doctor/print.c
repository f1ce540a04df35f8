/* SPDX-License-Identifier: MIT */
/* print.c - what was found, in words or as JSON. */
#include "config.h"

#include <stdio.h>

#include "lib/cli/doctor/doctor.h"
#include "lib/cli/show/show.h"

static const char *const levels[] = {
	[LEVEL_OK] = "ok",
	[LEVEL_NOTE] = "note",
	[LEVEL_WARNING] = "warning",
	[LEVEL_PROBLEM] = "problem",
};

static void print_report(const struct report *report)
{
	for (int i = 0; i < report->count; i++) {
		const struct finding *finding = &report->list[i];

		printf("%-8s %s: ", levels[finding->level], finding->topic);
		print_text(stdout, finding->what);
		if (finding->todo) {
			fputs("\n         to do: ", stdout);
			print_text(stdout, finding->todo);
		}
		putchar('\n');
	}
}

void doctor_print_words(const struct report *machine,
			const struct program *program)
{
	print_report(machine);
	if (!program->command)
		return;
	putchar('\n');
	print_report(&program->report);
}

static json_t *json_report(const struct report *report)
{
	json_t *list = json_array();

	for (int i = 0; i < report->count; i++) {
		const struct finding *finding = &report->list[i];

		json_array_append_new(
			list,
			json_pack("{s:s,s:s,s:o,s:o}", "level",
				  levels[finding->level], "topic",
				  finding->topic, "what",
				  json_of_text(finding->what), "todo",
				  finding->todo ? json_of_text(finding->todo)
						: json_null()));
	}
	return list;
}

static json_t *json_uses(const struct uses *uses)
{
	json_t *list = json_array();

	for (const struct use *use = uses->first; use; use = use->next) {
		const char *family =
			use->group < SHIM_FAMILIES
				? shim_family_name((enum shim_family)use->group)
				: NULL;

		json_array_append_new(
			list, json_pack("{s:s?,s:o,s:o}", "family", family,
					"function", json_of_text(use->function),
					"file", json_of_text(use->file)));
	}
	return list;
}

int doctor_print_json(const struct report *machine,
		      const struct program *program)
{
	json_t *all = json_pack("{s:o}", "machine", json_report(machine));

	if (program->command)
		json_object_set_new(
			all, "program",
			json_pack("{s:o,s:o,s:o,s:o}", "command",
				  json_of_text(program->command), "path",
				  json_of_text(program->path), "findings",
				  json_report(&program->report), "uses",
				  json_uses(&program->uses)));
	return print_json(all, true);
}
