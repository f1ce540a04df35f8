/* SPDX-License-Identifier: MIT */
/* report.c - what was measured, and where that goes. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/fail.h"
#include "bench/output.h"
#include "bench/report.h"
#include "bench/run.h"
#include "bench/stop.h"

enum { TABLE, CSV, JSON, FOLDER_TEXT, FOLDER_CSV, FOLDER_JSON, OUTPUTS };

static const struct {
	void (*write)(FILE *file, const struct report *report);
	const char *name; /* in the folder */
} kinds[OUTPUTS] = {
	[TABLE] = { report_text, NULL },
	[CSV] = { report_csv, NULL },
	[JSON] = { report_json, NULL },
	[FOLDER_TEXT] = { report_text, "report.txt" },
	[FOLDER_CSV] = { report_csv, "results.csv" },
	[FOLDER_JSON] = { report_json, "results.json" },
};

static struct output outputs[OUTPUTS];
static const struct options *options;
static struct machine machine;
static bool made_folder;

/* A run that fails leaves nothing. */
static void abandon(void)
{
	for (int i = 0; i < OUTPUTS; i++)
		output_abandon(&outputs[i]);
	if (made_folder)
		rmdir(options->report);
	made_folder = false;
}

static bool is_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

static void open_one(int kind, const char *path)
{
	if (path && !output_open(&outputs[kind], path))
		stop_exit(EXIT_FAILED);
}

static bool is_empty(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!folder)
		fail("cannot read '%s': %s; --report needs a folder that is "
		     "new or empty",
		     path, strerror(errno));
	while ((entry = readdir(folder)))
		count += strcmp(entry->d_name, ".") != 0 &&
			 strcmp(entry->d_name, "..") != 0;
	closedir(folder);
	return count == 0;
}

static void open_folder(const char *path)
{
	made_folder = mkdir(path, 0777) == 0;
	if (!made_folder && errno != EEXIST)
		fail("cannot make folder '%s': %s", path, strerror(errno));
	if (!made_folder && !is_empty(path))
		fail("there is something in '%s' already; --report needs a "
		     "folder that is new or empty",
		     path);
	for (int i = FOLDER_TEXT; i < OUTPUTS; i++)
		if (!output_open_in(&outputs[i], path, kinds[i].name))
			stop_exit(EXIT_FAILED);
}

void report_begin(const struct options *options_of_run)
{
	bool table = !is_stdout(options_of_run->csv) &&
		     !is_stdout(options_of_run->json);

	options = options_of_run;
	machine_read(&machine, run_folder(options));
	stop_watch(abandon);
	open_one(TABLE, table ? "-" : NULL);
	open_one(CSV, options->csv);
	open_one(JSON, options->json);
	if (options->report)
		open_folder(options->report);
}

static bool write_one(int kind, const struct report *report)
{
	char *text = NULL;
	size_t size;
	FILE *file;
	bool good;

	if (!*outputs[kind].path)
		return true;
	file = open_memstream(&text, &size);
	if (!file)
		fail("no memory for the report");
	kinds[kind].write(file, report);
	if (fclose(file) != 0)
		fail("no memory for the report");
	good = output_write(&outputs[kind], text, size);
	free(text);
	return good;
}

int report_end(const struct results *results)
{
	struct report report = {
		.options = options,
		.machine = &machine,
		.results = results,
		.ratios = ratios_of(results),
	};
	bool good = true;

	/* From here on, what can be written stays. */
	made_folder = false;
	for (int i = 0; i < OUTPUTS; i++)
		good = write_one(i, &report) && good;
	if (options->report)
		good = report_plots(options->report, &report) && good;
	ratios_free(report.ratios);
	stop_check();
	return good ? 0 : EXIT_FAILED;
}
