/* SPDX-License-Identifier: MIT */
/* looked.h - what a look has shown, for tests of this program's processes. */
#ifndef PORTLOCK_TESTS_SUPPORT_LOOKED_H
#define PORTLOCK_TESTS_SUPPORT_LOOKED_H

#include <stdbool.h>

#include "lib/look/look.h"

/* The lock of that key, which is held; free it with look_free(). */
struct look_lock *look_at(struct look *seen, const char *key);

/* Of this program, or of the valgrind that runs it. */
bool is_this_program(const char *command);

#endif
