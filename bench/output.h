/* SPDX-License-Identifier: MIT */
/* output.h - files that are opened before the run and written after it.
 *
 * A wrong path fails at once, not after a quarter of an hour; and what is in a
 * file already is lost only when there is something to replace it.
 */
#ifndef PORTLOCK_BENCH_OUTPUT_H
#define PORTLOCK_BENCH_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct output {
	char path[PATH_MAX]; /* "" if there is none */
	int fd;
	bool made; /* by us */
};

/* "-" is stdout.  False, after a message. */
bool output_open(struct output *output, const char *path);

/* The same, for a file in a folder. */
bool output_open_in(struct output *output, const char *folder,
		    const char *name);

/* Writes it and closes it.  False, after a message. */
bool output_write(struct output *output, const char *text, size_t size);

/* Closes it unwritten; a file that was made is removed. */
void output_abandon(struct output *output);

#endif
