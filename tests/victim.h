/* SPDX-License-Identifier: MIT */
/* victim.h - plain programs that do as they are told; they know no portlock.
 *
 *	victim NAME COMMAND...	does one after the other and says how it went
 *	victim NAME		reads numbers of commands, writes their results
 *
 * A result is 0, an errno, or what was asked for.
 */
#ifndef PORTLOCK_TESTS_VICTIM_H
#define PORTLOCK_TESTS_VICTIM_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VICTIM_SHARED 3 /* the descriptor of memory that victims share */

struct command {
	const char *name;
	int (*run)(void);
};

static inline int run_named(const struct command *commands, const char *name)
{
	int result;

	while (commands->name && strcmp(commands->name, name) != 0)
		commands++;
	if (!commands->name) {
		fprintf(stderr, "unknown command '%s'\n", name);
		exit(64);
	}
	result = commands->run();
	printf("%s: %s\n", name, result ? strerror(result) : "ok");
	fflush(stdout);
	return result;
}

static inline int run_all(const struct command *commands, char **names)
{
	int result = 0;

	for (; *names && !result; names++)
		result = run_named(commands, *names);
	return result ? 1 : 0;
}

/* Until the end of the input. */
static inline int serve(const struct command *commands)
{
	int64_t number;
	ssize_t size;

	for (;;) {
		do
			size = read(STDIN_FILENO, &number, sizeof(number));
		while (size < 0 && errno == EINTR);
		if (size != sizeof(number))
			return 0;
		number = commands[number].run();
		if (write(STDOUT_FILENO, &number, sizeof(number)) < 0)
			return 1;
	}
}

#endif
