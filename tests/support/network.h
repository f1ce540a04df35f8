/* SPDX-License-Identifier: MIT */
/* network.h - a network namespace of a test's own, and a terminal. */
#ifndef PORTLOCK_TESTS_SUPPORT_NETWORK_H
#define PORTLOCK_TESTS_SUPPORT_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * From here on this process and its children are alone in a network, where they
 * are root: no lock of anybody else is there.  False if the system does not let
 * us.
 */
bool network_enter(void);

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
