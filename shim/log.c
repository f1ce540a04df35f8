/* SPDX-License-Identifier: MIT */
/* log.c - one line to where a rule or PORTLOCK_LOG says, by write(2) alone. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shim/shim.h"

#define LINE_MAX_BYTES 512

struct line {
	char text[LINE_MAX_BYTES];
	size_t length;
};

/* Appends what fits, and room for a newline is always left. */
static void put(struct line *line, const char *text)
{
	for (; *text && line->length < sizeof(line->text) - 1; text++) {
		unsigned char c = (unsigned char)*text;

		/* A name must not be able to fake a second line. */
		line->text[line->length++] = c < ' ' || c == 127 ? '?' : *text;
	}
}

static void put_number(struct line *line, unsigned number)
{
	char digits[3 * sizeof(number) + 1];
	char *at = digits + sizeof(digits);

	*--at = '\0';
	do
		*--at = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	put(line, at);
}

/* A reader that has gone, or a limit of the size of files, loses a line, and
 * not the program. */
static void write_out(const char *where, const struct line *line)
{
	struct shim_quiet quiet;
	int fd = STDERR_FILENO;
	ssize_t written;

	if (*where == '/') {
		fd = REAL(open)(where,
				O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
					O_NOCTTY | O_NONBLOCK,
				0666);
		if (fd < 0)
			return;
	}
	shim_quiet_begin(&quiet);
	written = write(fd, line->text, line->length);
	(void)written; /* nowhere to complain */
	shim_quiet_end(&quiet);
	if (*where == '/')
		REAL(close)(fd);
}

static void log_to(const char *where, const char *who, const char *name,
		   const char *what)
{
	struct line line = { .length = 0 };
	int error = errno;

	put(&line, "portlock[");
	put_number(&line, (unsigned)getpid());
	put(&line, "] ");
	put(&line, who);
	put(&line, ": ");
	put(&line, name);
	put(&line, ": ");
	put(&line, what);
	line.text[line.length++] = '\n';
	write_out(where, &line);
	errno = error;
}

void shim_log_line(const char *who, const char *name, const char *what)
{
	const char *where = shim_log_place();

	if (where)
		log_to(where, who, name, what);
}

void shim_log_rule(const struct shim_rule *rule, const char *name,
		   const char *what)
{
	const char *where = rule->log ? rule->log : shim_log_place();

	if (where && strcmp(where, "none") != 0)
		log_to(where, shim_family_name(rule->family), name, what);
}

void shim_log(enum shim_family family, const char *name, const char *what)
{
	const struct shim_rule *rule = shim_rule_find(family, name);

	if (rule)
		shim_log_rule(rule, name, what);
	else
		shim_log_line(shim_family_name(family), name, what);
}
