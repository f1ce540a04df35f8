/* SPDX-License-Identifier: MIT */
/* table.c - locks as a table for people. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/cli/show/show.h"

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

/* What KEY and COMMAND need at least to tell anything. */
#define NARROW 12

enum { KEY, TRANSPORT, STATE, PID, USER, HELD, WAITERS, COMMAND, COLUMNS };

struct row {
	const char *colour;
	char cell[COLUMNS][SHOWN_SIZE];
};

struct table {
	FILE *to;
	bool colours;
	bool all;
	int gap;
	int limit[COLUMNS]; /* of those with a text of others */
	int width[COLUMNS];
};

typedef void row_use(struct table *table, const struct row *row);

static const char *or_unknown(const char *text)
{
	return text ? text : "?";
}

static void fill_process(const struct table *table, struct row *row,
			 const struct look_process *process, const char *name)
{
	if (process->pid > 0)
		snprintf(row->cell[PID], SHOWN_SIZE, "%d", (int)process->pid);
	else
		strcpy(row->cell[PID], "?");
	show_user(row->cell[USER], process->uid);
	strcpy(row->cell[STATE], or_unknown(process_state(process)));
	show_text(row->cell[COMMAND], command_of(process, name),
		  table->limit[COMMAND]);
}

static void clear(struct row *row, const char *colour)
{
	for (int i = 0; i < COLUMNS; i++)
		*row->cell[i] = '\0';
	row->colour = colour;
}

static void fill_lock(const struct table *table, struct row *row,
		      const struct look_lock *lock)
{
	const char *name = name_of_gate(lock->gate);

	clear(row, "");
	fill_process(table, row, &lock->holder, name);
	show_text(row->cell[KEY], name, table->limit[KEY]);
	strcpy(row->cell[TRANSPORT], or_unknown(transport_of(lock)));
	if (lock->state != LOOK_HELD)
		strcpy(row->cell[STATE], lock_state(lock));
	else if (strcmp(row->cell[STATE], "stopped") == 0)
		row->colour = YELLOW;
	else if (strcmp(lock_state(lock), "waiting") == 0)
		strcpy(row->cell[STATE], "waiting");
	show_duration(row->cell[HELD], held_for(lock));
	if (lock->waiter_count >= 0)
		snprintf(row->cell[WAITERS], SHOWN_SIZE, "%d",
			 lock->waiter_count);
	else
		strcpy(row->cell[WAITERS], "?");
}

/* A keeper, or another copy of the holder, is not the command that it names. */
static void name_fork(struct row *row, const struct look_process *process,
		      const struct look_process *holder)
{
	if (strcmp(process->command, holder->command) == 0)
		snprintf(row->cell[COMMAND], SHOWN_SIZE, "(fork of %ld)",
			 (long)holder->pid);
}

static void use_lock(struct table *table, row_use *use,
		     const struct look_lock *lock)
{
	const char *name = name_of_gate(lock->gate);
	static struct row row;

	fill_lock(table, &row, lock);
	use(table, &row);
	for (int i = 0; table->all && i < lock->other_count; i++) {
		clear(&row, DIM);
		fill_process(table, &row, &lock->others[i], name);
		name_fork(&row, &lock->others[i], &lock->holder);
		strcpy(row.cell[KEY], "  also");
		use(table, &row);
	}
	for (int i = 0; i < lock->waiter_count; i++) {
		clear(&row, DIM);
		fill_process(table, &row, &lock->waiters[i], name);
		snprintf(row.cell[KEY], SHOWN_SIZE, "  %d.", i + 1);
		use(table, &row);
	}
}

static void use_rows(struct table *table, row_use *use, const struct look *look)
{
	static const char *const titles[COLUMNS] = {
		"KEY",	"TRANSPORT", "STATE",	"PID",
		"USER", "HELD",	     "WAITERS", "COMMAND",
	};
	static struct row row;

	row.colour = BOLD;
	for (int i = 0; i < COLUMNS; i++)
		strcpy(row.cell[i], titles[i]);
	use(table, &row);
	for (int i = 0; i < look->count; i++)
		use_lock(table, use, &look->locks[i]);
}

static void measure(struct table *table, const struct row *row)
{
	for (int i = 0; i < COLUMNS; i++) {
		int width = text_columns(row->cell[i]);

		if (width > table->width[i])
			table->width[i] = width;
	}
}

static void print(struct table *table, const struct row *row)
{
	bool coloured = table->colours && *row->colour;

	fputs(coloured ? row->colour : "", table->to);
	for (int i = 0; i < COLUMNS; i++) {
		int fill = table->width[i] - text_columns(row->cell[i]);
		bool right = i == PID || i == WAITERS;

		if (i > 0)
			fprintf(table->to, "%*s", table->gap, "");
		fprintf(table->to, "%*s%s", right ? fill : 0, "", row->cell[i]);
		if (!right && i < COMMAND)
			fprintf(table->to, "%*s", fill, "");
	}
	fputs(coloured ? PLAIN "\n" : "\n", table->to);
}

static int total(const struct table *table)
{
	int sum = table->gap * (COLUMNS - 1);

	for (int i = 0; i < COLUMNS; i++)
		sum += table->width[i];
	return sum;
}

/* Narrows what is text of others until a row is a line, or they are narrow. */
static void fit(struct table *table, int columns)
{
	int over, key = table->width[KEY], command = table->width[COMMAND];

	if (total(table) > columns)
		table->gap = 1;
	over = total(table) - columns;
	if (over <= 0)
		return;
	/* The command first, down to as much as the key has. */
	while (over > 0 && (command > NARROW || key > NARROW)) {
		if (command >= key && command > NARROW)
			command--;
		else
			key--;
		over--;
	}
	table->limit[KEY] = table->width[KEY] = key;
	table->limit[COMMAND] = table->width[COMMAND] = command;
}

void print_table(FILE *to, const struct look *look, const struct screen *screen,
		 bool all)
{
	struct table table = {
		.to = to,
		.colours = screen->colours,
		.all = all,
		.gap = 2,
	};

	use_rows(&table, measure, look);
	if (screen->columns != NO_LIMIT)
		fit(&table, screen->columns);
	use_rows(&table, print, look);
}

void screen_of_output(struct screen *screen)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize size = { 0 };

	memset(screen, 0, sizeof(*screen));
	if (!isatty(STDOUT_FILENO))
		return;
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	screen->columns = size.ws_col > 0 ? size.ws_col : 80;
	screen->lines = size.ws_row > 0 ? size.ws_row : 24;
	screen->colours = !(no_colour && *no_colour) &&
			  !(term && strcmp(term, "dumb") == 0);
}
