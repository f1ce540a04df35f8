/* SPDX-License-Identifier: MIT */
/* victim_sysvsem_parts.h - what the files of victim_sysvsem share. */
#ifndef PORTLOCK_TESTS_VICTIM_SYSVSEM_PARTS_H
#define PORTLOCK_TESTS_VICTIM_SYSVSEM_PARTS_H

#include "victim.h"
#include "victim_sysvsem.h"

/* The result of a call that returns 0 or -1 with errno. */
int result_of(int result);

#define VICTIM_SYSVSEM_FUNCTION(name) int do_##name(void);
VICTIM_SYSVSEM_COMMANDS(VICTIM_SYSVSEM_FUNCTION)
#undef VICTIM_SYSVSEM_FUNCTION

#endif
