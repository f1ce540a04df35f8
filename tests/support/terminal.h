/* SPDX-License-Identifier: MIT */
/* terminal.h - a terminal for what a test runs. */
#ifndef PORTLOCK_TESTS_SUPPORT_TERMINAL_H
#define PORTLOCK_TESTS_SUPPORT_TERMINAL_H

#include <stddef.h>

/* The two sides of a terminal that changes nothing of what it is told. */
struct terminal {
	int keyboard, screen;
	const char *path;
};

void terminal_open(struct terminal *terminal, int columns);
void terminal_close(struct terminal *terminal);

/* What has come to its screen, until that has a text. */
void terminal_read_until(struct terminal *terminal, char *shown, size_t size,
			 const char *text);

#endif
