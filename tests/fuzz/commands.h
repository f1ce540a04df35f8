/* SPDX-License-Identifier: MIT */
/* commands.h - included before the command's own files, which then call these
 * functions of fuzz_commands.c in place of libc's and the library's.
 */
#ifndef PORTLOCK_TESTS_FUZZ_COMMANDS_H
#define PORTLOCK_TESTS_FUZZ_COMMANDS_H

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <portlock/portlock.h>

int portlock_main(int argc, char **argv);

int world_close(FILE *file);
FILE *world_open(const char *path, const char *mode);
char *world_get(const char *name);
int world_set(const char *name, const char *value, int replace);
int world_unset(const char *name);
int world_execute(const char *file, char *const words[]);
int world_acquire(portlock_t *lock, int64_t timeout_ms);
int world_try(portlock_t *lock);

#ifdef PORTLOCK_FUZZ_COMMAND
#define main portlock_main
#define fclose world_close
#define fopen world_open
#define getenv world_get
#define setenv world_set
#define unsetenv world_unset
#define execvp world_execute
#define portlock_acquire_for world_acquire
#define portlock_try_lock world_try
#endif

#endif
