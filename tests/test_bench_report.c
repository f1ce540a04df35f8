/* SPDX-License-Identifier: MIT */
/* test_bench_report.c - what portlock-bench says of what it measured. */
#include "config.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/number.h"
#include "bench/output.h"
#include "bench/report.h"
#include "bench/scenario.h"

static const struct machine machine = {
	.facts = { { "processor", "a \"fast\" one" } },
	.count = 1,
};

static void add(struct results *results, int round, const char *subject,
		const char *metric, double value)
{
	struct figure key = {
		.scenario = "fairness",
		.setting = "16 processes",
		.subject = subject,
		.metric = metric,
		.unit = "us",
		.x = 16,
	};

	results->round = round;
	results_add(results, &key, value);
}

/* What one of the writers writes; to be freed. */
static char *written(void (*write)(FILE *, const struct report *),
		     struct results *results, int rounds)
{
	struct options options = { .rounds = rounds,
				   .duration = -1,
				   .hold = -1,
				   .think = -1,
				   .noise = 0.25 };
	struct report report = { .options = &options,
				 .machine = &machine,
				 .results = results,
				 .ratios = ratios_of(results) };
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	write(file, &report);
	assert_int_equal(fclose(file), 0);
	ratios_free(report.ratios);
	return text;
}

static void numbers_have_three_digits_that_count(void **state)
{
	static const struct {
		double value;
		bool is_count;
		const char *text;
	} cases[] = {
		{ 0, false, "0" },
		{ 1, false, "1.00" },
		{ 12.345, false, "12.3" },
		{ 9.999, false, "10.0" },
		{ 0.0123, false, "0.0123" },
		{ 99.96, false, "100" },
		{ 128437, false, "128000" },
		{ 128437, true, "128437" },
		{ 0.5, true, "0.500" },
		{ NAN, false, "-" },
		{ -3.14159, false, "-3.14" },
	};
	char text[NUMBER_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		number_text(text, cases[i].value, cases[i].is_count);
		assert_string_equal(text, cases[i].text);
	}
}

static void csv_has_a_line_for_each_figure(void **state)
{
	struct results results = { 0 };
	char *text;

	(void)state;
	add(&results, 0, "a \"b\", c", "p50", 3);
	add(&results, 2, "a \"b\", c", "p50", 1.5);
	text = written(report_csv, &results, 3);
	assert_string_equal(
		text, "scenario,setting,x,subject,metric,unit,median,min,max,"
		      "rounds,round 1,round 2,round 3\r\n"
		      "fairness,16 processes,16,\"a \"\"b\"\", c\",p50,us,2.25,"
		      "1.5,3,2,3,,1.5\r\n");
	free(text);
	results_free(&results);
}

/* The ratio of the medians would be 10 / 100; the rounds' are 0.5, 0.1 and
 * 0.01, and one that is not there. */
static void ratios_are_of_figures_of_one_round(void **state)
{
	static const double ours[] = { 50, 10, 1, NAN };
	static const double theirs[] = { 100, 100, 100, 7 };
	struct results results = { 0 };
	struct ratio *ratio;

	(void)state;
	for (int i = 3; i >= 0; i--) {
		add(&results, i, "portlock-unix", "p99", ours[i]);
		add(&results, i, "flock", "p99", theirs[i]);
	}
	ratio = ratios_of(&results);
	assert_non_null(ratio);
	assert_null(ratio->next);
	assert_int_equal(ratio->rounds.count, 3);
	assert_true(fabs(ratio->in_order[0] - 0.5) < 1e-9);
	assert_true(fabs(ratio->in_order[2] - 0.01) < 1e-9);
	assert_true(fabs(samples_median(&ratio->rounds) - 0.1) < 1e-9);
	assert_string_equal(ratio->bar, "<= 0.25");
	assert_true(ratio->reached);
	ratios_free(ratio);
	results_free(&results);
}

static void a_share_that_is_too_small_misses_its_bar(void **state)
{
	struct results results = { 0 };
	struct ratio *ratio;

	(void)state;
	add(&results, 0, "portlock-tcp", "share min/max", 0.949);
	ratio = ratios_of(&results);
	assert_non_null(ratio);
	assert_false(ratio->reached);
	ratios_free(ratio);
	results_free(&results);
}

static void json_has_what_was_measured(void **state)
{
	struct results results = { 0 };
	json_t *root, *figure;
	char *text;

	(void)state;
	add(&results, 1, "portlock-tcp", "share min/max", 0.96);
	text = written(report_json, &results, 2);
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	assert_string_equal(
		json_string_value(json_object_get(
			json_object_get(root, "machine"), "processor")),
		"a \"fast\" one");
	figure = json_array_get(json_object_get(root, "figures"), 0);
	assert_true(json_real_value(json_object_get(figure, "median")) == 0.96);
	figure = json_object_get(figure, "rounds");
	assert_int_equal(json_array_size(figure), 2);
	assert_true(json_is_null(json_array_get(figure, 0)));
	assert_int_equal(json_array_size(json_object_get(root, "ratios")), 1);
	json_decref(root);
	free(text);
	results_free(&results);
}

static void tables_mark_noise_and_warn_of_it(void **state)
{
	struct results results = { 0 };
	char *text;

	(void)state;
	for (int i = 0; i < 3; i++) {
		add(&results, i, "steady", "p50", 100 + i);
		add(&results, i, "shaky", "p50", 100 + 40 * i);
		add(&results, i, "shaky", "max", 100 + 40 * i);
	}
	text = written(report_table, &results, 3);
	assert_non_null(strstr(text, "  steady   101  (100-102)     -\n"));
	assert_non_null(strstr(text, "  shaky    140! (100-180)   140  "
				     "(100-180)\n"));
	free(text);
	text = written(report_noise, &results, 3);
	assert_non_null(strstr(text, "1 of 3 figures are noisy"));
	assert_non_null(strstr(text, "16 processes, shaky, p50: 57 %"));
	free(text);
	results_free(&results);
}

/* A metric that one setting alone has. */
static void tables_have_no_empty_columns(void **state)
{
	static const struct figure only = {
		.scenario = "fairness",
		.setting = "100 processes",
		.subject = "flock",
		.metric = "p99",
		.unit = "us",
	};
	struct results results = { 0 };
	char *text, *first, *second;

	(void)state;
	add(&results, 0, "flock", "p50", 7);
	results_add(&results, &only, 9);
	text = written(report_table, &results, 1);
	first = strstr(text, "fairness: 16 processes\n");
	second = strstr(text, "fairness: 100 processes\n");
	assert_non_null(first);
	assert_non_null(second);
	assert_true(strstr(first, "p99") > second);
	assert_null(strstr(second, "p50"));
	free(text);
	results_free(&results);
}

/* ---- files ---------------------------------------------------------------- */

struct folder {
	char path[64], file[80];
};

static int make_folder(void **state)
{
	static struct folder folder;

	strcpy(folder.path, "/tmp/test_bench_report-XXXXXX");
	if (!mkdtemp(folder.path))
		return -1;
	snprintf(folder.file, sizeof(folder.file), "%s/file", folder.path);
	*state = &folder;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;

	unlink(folder->file);
	return rmdir(folder->path);
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_content(const char *path, const char *expected)
{
	char text[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, expected);
}

static void a_file_is_kept_until_there_is_something_better(void **state)
{
	struct folder *folder = *state;
	struct output output;

	put(folder->file, "a long line of the last run");
	assert_true(output_open(&output, folder->file));
	assert_content(folder->file, "a long line of the last run");
	output_abandon(&output);
	assert_content(folder->file, "a long line of the last run");
	assert_true(output_open(&output, folder->file));
	assert_true(output_write(&output, "new", 3));
	assert_content(folder->file, "new");
	output_abandon(&output);
	assert_content(folder->file, "new");
}

static void a_file_that_was_made_for_nothing_goes(void **state)
{
	struct folder *folder = *state;
	struct output output;

	assert_true(output_open(&output, folder->file));
	assert_int_equal(access(folder->file, F_OK), 0);
	output_abandon(&output);
	assert_int_equal(access(folder->file, F_OK), -1);
}

static void what_cannot_be_written_is_told(void **state)
{
	struct folder *folder = *state;
	struct output output;

	assert_false(output_open_in(&output, folder->file, "file"));
	assert_true(output_open(&output, "/dev/full"));
	assert_false(output_write(&output, "new", 3));
}

#define IN_FOLDER(test)                                                        \
	cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_three_digits_that_count),
		cmocka_unit_test(csv_has_a_line_for_each_figure),
		cmocka_unit_test(ratios_are_of_figures_of_one_round),
		cmocka_unit_test(a_share_that_is_too_small_misses_its_bar),
		cmocka_unit_test(json_has_what_was_measured),
		cmocka_unit_test(tables_mark_noise_and_warn_of_it),
		cmocka_unit_test(tables_have_no_empty_columns),
		IN_FOLDER(a_file_is_kept_until_there_is_something_better),
		IN_FOLDER(a_file_that_was_made_for_nothing_goes),
		IN_FOLDER(what_cannot_be_written_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
