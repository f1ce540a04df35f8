/* SPDX-License-Identifier: MIT */
/* victim_open_parts.h - what the files of victim_open share. */
#ifndef PORTLOCK_TESTS_VICTIM_OPEN_PARTS_H
#define PORTLOCK_TESTS_VICTIM_OPEN_PARTS_H

#include <limits.h>

#include "victim.h"
#include "victim_open.h"

/* The file; this program; what is open. */
extern const char *name;
extern char program[PATH_MAX];
extern int fd;
extern FILE *stream;

/* The result of a call that returns -1 with errno if it fails. */
int result_of(int result);

#define VICTIM_OPEN_FUNCTION(name) int do_##name(void);
VICTIM_OPEN_COMMANDS(VICTIM_OPEN_FUNCTION)
#undef VICTIM_OPEN_FUNCTION

#endif
