/* SPDX-License-Identifier: MIT */
/* report_table.c - the figures in aligned tables.
 *
 * A row is a subject, a column is a metric, and each setting has a table.  In
 * scenarios with more settings than metrics each metric has one, of subjects
 * and settings.  What is too wide for a page goes on below.
 */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "bench/number.h"
#include "bench/report.h"

#define PAGE 100 /* columns of text */
#define INDENT "  "
#define GAP "   "

struct names {
	const char *list[LIST_MAX];
	int count;
};

/* What tells the figures of a scenario apart. */
enum part { SETTING, SUBJECT, METRIC, PARTS };

static const size_t members[PARTS] = {
	[SETTING] = offsetof(struct figure, setting),
	[SUBJECT] = offsetof(struct figure, subject),
	[METRIC] = offsetof(struct figure, metric),
};

struct table {
	const struct report *report;
	const char *scenario;
	enum part row, column, rest;
	struct names rows, columns;
	const char *same; /* of the rest, in all cells */
};

struct cell {
	char median[NUMBER_SIZE], range[2 * NUMBER_SIZE + 4];
	bool noisy;
};

struct width {
	int median, range, all;
};

static void add_name(struct names *names, const char *name)
{
	for (int i = 0; i < names->count; i++)
		if (strcmp(names->list[i], name) == 0)
			return;
	if (names->count < LIST_MAX)
		names->list[names->count++] = name;
}

/* All that a scenario's figures have for that part. */
static void find_names(const struct report *report, const char *scenario,
		       enum part part, struct names *names)
{
	names->count = 0;
	for (struct figure *figure = report->results->figures; figure;
	     figure = figure->next)
		if (strcmp(figure->scenario, scenario) == 0)
			add_name(names, *(const char **)((char *)figure +
							 members[part]));
}

static struct figure *figure_at(const struct table *table, int row, int column)
{
	const char *key[PARTS];

	key[table->row] = table->rows.list[row];
	key[table->column] = table->columns.list[column];
	key[table->rest] = table->same;
	return results_find(table->report->results, table->scenario,
			    key[SETTING], key[SUBJECT], key[METRIC]);
}

static void read_cell(const struct table *table, int row, int column,
		      struct cell *cell)
{
	struct figure *figure = figure_at(table, row, column);
	char low[NUMBER_SIZE], high[NUMBER_SIZE];
	bool is_count;

	*cell = (struct cell){ .median = "-" };
	if (!figure)
		return;
	is_count = !*figure->unit;
	number_text(cell->median, samples_median(&figure->rounds), is_count);
	number_text(low, samples_min(&figure->rounds), is_count);
	number_text(high, samples_max(&figure->rounds), is_count);
	cell->noisy = figure_is_noisy(figure, table->report->options);
	if (strcmp(low, high) != 0)
		snprintf(cell->range, sizeof(cell->range), "(%s-%s)", low,
			 high);
}

/* What the figures of a column have in common; "" if it is nothing. */
static const char *unit_of(const struct table *table, int column)
{
	for (int row = 0; row < table->rows.count; row++) {
		struct figure *figure = figure_at(table, row, column);

		if (figure)
			return figure->unit;
	}
	return "";
}

static void head_of(const struct table *table, int column, char *text,
		    size_t size)
{
	const char *unit =
		table->column == METRIC ? unit_of(table, column) : "";

	snprintf(text, size, "%s%s%s", table->columns.list[column],
		 *unit ? ", " : "", unit);
}

static void widen(int *width, size_t length)
{
	if (*width < (int)length)
		*width = (int)length;
}

static struct width width_of(const struct table *table, int column)
{
	struct width width = { 0 };
	char head[128];

	for (int row = 0; row < table->rows.count; row++) {
		struct cell cell;

		read_cell(table, row, column, &cell);
		widen(&width.median, strlen(cell.median));
		widen(&width.range, strlen(cell.range));
	}
	/* The mark of noise, and a blank before the range. */
	width.all = width.median + 1 + (width.range ? 1 + width.range : 0);
	head_of(table, column, head, sizeof(head));
	widen(&width.all, strlen(head));
	return width;
}

static bool row_is_empty(const struct table *table, int row)
{
	for (int column = 0; column < table->columns.count; column++)
		if (figure_at(table, row, column))
			return false;
	return true;
}

static bool column_is_empty(const struct table *table, int column)
{
	for (int row = 0; row < table->rows.count; row++)
		if (figure_at(table, row, column))
			return false;
	return true;
}

/* A setting may have metrics of its own. */
static void drop_empty_columns(struct table *table)
{
	struct names all = table->columns, kept = { 0 };

	for (int column = 0; column < all.count; column++)
		if (!column_is_empty(table, column))
			kept.list[kept.count++] = all.list[column];
	table->columns = kept;
}

/* Blanks wait until something follows them: no line ends with any. */
static void put(FILE *file, const char *text, int width, int *blanks)
{
	int length = (int)strlen(text);

	if (length) {
		fprintf(file, "%*s%s", *blanks, "", text);
		*blanks = 0;
	}
	*blanks += width > length ? width - length : 0;
}

static void put_cell(FILE *file, const struct cell *cell, struct width width,
		     int *blanks)
{
	*blanks += width.median - (int)strlen(cell->median);
	put(file, cell->median, 0, blanks);
	put(file, cell->noisy ? "!" : "", width.range ? 2 : 1, blanks);
	put(file, cell->range, width.range, blanks);
	*blanks += width.all - width.median - 1 -
		   (width.range ? 1 + width.range : 0);
}

/* Those columns from the first one on that fit; returns the one behind. */
static int fit(const struct table *table, int first, int name_width,
	       struct width widths[LIST_MAX])
{
	int used = (int)strlen(INDENT) + name_width, column = first;

	for (; column < table->columns.count; column++) {
		widths[column] = width_of(table, column);
		used += (int)strlen(GAP) + widths[column].all;
		if (used > PAGE && column > first)
			break;
	}
	return column;
}

static void put_heads(FILE *file, const struct table *table, int first,
		      int behind, const struct width widths[LIST_MAX])
{
	int blanks = 0;

	for (int column = first; column < behind; column++) {
		char head[128];

		head_of(table, column, head, sizeof(head));
		blanks += (int)strlen(GAP);
		put(file, head, widths[column].all, &blanks);
	}
	putc('\n', file);
}

static void put_columns(FILE *file, const struct table *table, int first,
			int behind, int name_width,
			const struct width widths[LIST_MAX])
{
	fprintf(file, INDENT "%*s", name_width, "");
	put_heads(file, table, first, behind, widths);
	for (int row = 0; row < table->rows.count; row++) {
		int blanks = 0;

		if (row_is_empty(table, row))
			continue;
		fputs(INDENT, file);
		put(file, table->rows.list[row], name_width, &blanks);
		for (int column = first; column < behind; column++) {
			struct cell cell;

			read_cell(table, row, column, &cell);
			blanks += (int)strlen(GAP);
			put_cell(file, &cell, widths[column], &blanks);
		}
		putc('\n', file);
	}
}

static void put_table(FILE *file, const struct table *table)
{
	const char *unit = table->rest == METRIC ? unit_of(table, 0) : "";
	struct width widths[LIST_MAX];
	int name_width = 0, behind;

	for (int row = 0; row < table->rows.count; row++)
		widen(&name_width, strlen(table->rows.list[row]));
	fprintf(file, "\n%s%s%s%s%s\n", table->scenario,
		*table->same ? ": " : "", table->same, *unit ? ", " : "", unit);
	for (int first = 0; first < table->columns.count; first = behind) {
		behind = fit(table, first, name_width, widths);
		put_columns(file, table, first, behind, name_width, widths);
	}
}

/* Which way round, so that many rows and few columns come out of it. */
static void lay_out(struct table *table)
{
	struct names names[PARTS];

	for (enum part part = 0; part < PARTS; part++)
		find_names(table->report, table->scenario, part, &names[part]);
	table->row = SUBJECT;
	table->column = METRIC;
	table->rest = SETTING;
	if (names[SETTING].count > names[METRIC].count) {
		bool many = names[SUBJECT].count >= names[SETTING].count;

		table->row = many ? SUBJECT : SETTING;
		table->column = many ? SETTING : SUBJECT;
		table->rest = METRIC;
	}
	table->rows = names[table->row];
	table->columns = names[table->column];
}

static void put_scenario(FILE *file, const struct report *report,
			 const char *scenario)
{
	struct table table = { .report = report, .scenario = scenario };
	struct names rest, columns;

	lay_out(&table);
	columns = table.columns;
	find_names(report, scenario, table.rest, &rest);
	for (int i = 0; i < rest.count; i++) {
		table.same = rest.list[i];
		table.columns = columns;
		drop_empty_columns(&table);
		put_table(file, &table);
	}
}

void report_table(FILE *file, const struct report *report)
{
	struct names scenarios = { 0 };

	for (struct figure *figure = report->results->figures; figure;
	     figure = figure->next)
		add_name(&scenarios, figure->scenario);
	for (int i = 0; i < scenarios.count; i++)
		put_scenario(file, report, scenarios.list[i]);
}
