/* SPDX-License-Identifier: MIT */
/* plot.c - pictures of what was measured, drawn by gnuplot. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/fail.h"
#include "bench/lock.h"
#include "bench/output.h"
#include "bench/plot.h"

#define NO_GNUPLOT 127

static const struct plot *const plots[] = { &plot_handoff, &plot_waits };

#define PLOTS (sizeof(plots) / sizeof(plots[0]))

/* Told apart by the colour, and where colours fail, by the dashes. */
static const struct {
	const char *colour, *dashes;
} lines[] = {
	{ "#0050b0", "1" },	{ "#00a0e8", "1" },    { "#d02020", "1" },
	{ "#f08000", "1" },	{ "#108030", "'-'" },  { "#70b030", "'.'" },
	{ "#8040b0", "'-'" },	{ "#805030", "'-.'" }, { "#e060b0", "'.'" },
	{ "#505050", "'-..'" }, { "#b0a000", "'-.'" }, { "#008080", "'-'" },
};

#define LINES (sizeof(lines) / sizeof(lines[0]))

void plot_text(FILE *file, const char *text)
{
	putc('\'', file);
	for (; *text; text++) {
		if (*text == '\'')
			putc('\'', file);
		putc(*text, file);
	}
	putc('\'', file);
}

static size_t line_of(const char *lock)
{
	size_t index = 0;

	for (struct bench_lock *other = bench_locks;
	     other && strcmp(other->name, lock) != 0; other = other->next)
		index++;
	return index % LINES;
}

void plot_line(FILE *file, const char *lock, bool has_points)
{
	bool ours = strncmp(lock, "portlock", strlen("portlock")) == 0;
	size_t line = line_of(lock);

	fprintf(file, "lc rgb '%s' dt %s lw %g ", lines[line].colour,
		lines[line].dashes, ours ? 3.0 : 1.7);
	if (has_points)
		fprintf(file, "pt %zu ps 0.6 ", line + 4);
	fputs("title ", file);
	plot_text(file, lock);
}

void plot_bars(FILE *file, const char *lock)
{
	size_t line = line_of(lock);

	fprintf(file, "lc rgb '%s' dt 1 lw 0.8 pt %zu ps 0.6 notitle",
		lines[line].colour, line + 4);
}

void plot_title(FILE *file, const char *what, const struct report *report)
{
	const struct machine *machine = report->machine;
	const char *virtual = machine_fact(machine, "virtual machine");
	char text[1024], kernel[240], date[240];

	snprintf(kernel, sizeof(kernel), "%s", machine_fact(machine, "kernel"));
	kernel[strcspn(kernel, ",")] = '\0';
	snprintf(date, sizeof(date), "%s", machine_fact(machine, "date"));
	date[strcspn(date, " ")] = '\0';
	snprintf(text, sizeof(text), "%s, %s processors%s, %s; portlock %s, %s",
		 machine_fact(machine, "processor"),
		 machine_fact(machine, "processors"),
		 strncmp(virtual, "yes", 3) == 0 ? ", virtual" : "", kernel,
		 machine_fact(machine, "portlock"), date);
	fputs("set title ", file);
	plot_text(file, what);
	fputs(" . \"\\n\" . ", file);
	plot_text(file, text);
	putc('\n', file);
}

static void put_script(FILE *file, const struct plot *plot,
		       const struct report *report)
{
	fprintf(file,
		"set encoding utf8\n"
		"set terminal svg size 960,600 dynamic noenhanced "
		"font 'sans-serif,14' background rgb 'white'\n"
		"set output '%s.svg'\n"
		"set grid lc rgb '#d8d8d8' lt 1 lw 0.5\n"
		"set border 3 lc rgb '#606060'\n"
		"set tics nomirror\n"
		"set key outside right center Left reverse samplen 3\n",
		plot->name);
	plot->script(file, report);
}

static bool put_file(const char *folder, const struct plot *plot,
		     const struct report *report, bool is_script)
{
	char name[64], *text = NULL;
	struct output output;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	bool good;

	if (!file)
		fail("no memory for the plots");
	if (is_script)
		put_script(file, plot, report);
	else
		plot->data(file, report);
	if (fclose(file) != 0)
		fail("no memory for the plots");
	snprintf(name, sizeof(name), "%s.%s", plot->name,
		 is_script ? "gnuplot" : "data");
	good = output_open_in(&output, folder, name) &&
	       output_write(&output, text, size);
	free(text);
	return good;
}

static _Noreturn void run_gnuplot(const char *folder, const char *script)
{
	if (chdir(folder) < 0)
		_exit(EXIT_FAILED);
	execlp("gnuplot", "gnuplot", script, (char *)NULL);
	_exit(errno == ENOENT ? NO_GNUPLOT : EXIT_FAILED);
}

static bool draw(const char *folder, const struct plot *plot)
{
	char script[64];
	int status = 0;
	pid_t pid;

	snprintf(script, sizeof(script), "%s.gnuplot", plot->name);
	pid = fork();
	if (pid == 0)
		run_gnuplot(folder, script);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == NO_GNUPLOT) {
		warn("gnuplot is not there: to have a plot later, run "
		     "'gnuplot %s' in '%s' (Debian: gnuplot-nox)",
		     script, folder);
		return true;
	}
	if (pid < 0 || status != 0)
		warn("gnuplot failed to draw '%s/%s.svg'", folder, plot->name);
	return pid > 0 && status == 0;
}

bool report_plots(const char *folder, const struct report *report)
{
	bool good = true;

	for (size_t i = 0; i < PLOTS; i++)
		if (plots[i]->suits(report))
			good = put_file(folder, plots[i], report, false) &&
			       put_file(folder, plots[i], report, true) &&
			       draw(folder, plots[i]) && good;
	return good;
}
