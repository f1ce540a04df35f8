/* SPDX-License-Identifier: MIT */
/* victim_lockfile_parts.h - what the files of victim_lockfile share. */
#ifndef PORTLOCK_TESTS_VICTIM_LOCKFILE_PARTS_H
#define PORTLOCK_TESTS_VICTIM_LOCKFILE_PARTS_H

#include <fcntl.h>
#include <limits.h>

#include "victim.h"
#include "victim_lockfile.h"

#define EXCLUSIVE (O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC)
#define NOBODY 65534

/* X.lock, X, the same through a link to the directory, the directory (and
 * open), this program. */
extern const char *name;
extern char protected_name[PATH_MAX], alias[PATH_MAX], here[PATH_MAX];
extern char program[PATH_MAX];
extern int directory;

/* The result of a call that returns 0, or -1 with errno. */
int result_of(int result);
/* The same of one that returns a descriptor, which is closed. */
int opened(int fd);
const char *last_component(const char *path);
/* The result of run() in a child. */
int in_child(int (*run)(void));

#define VICTIM_LOCKFILE_FUNCTION(name) int do_##name(void);
VICTIM_LOCKFILE_COMMANDS(VICTIM_LOCKFILE_FUNCTION)
#undef VICTIM_LOCKFILE_FUNCTION

#endif
