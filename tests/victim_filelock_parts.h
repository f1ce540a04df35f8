/* SPDX-License-Identifier: MIT */
/* victim_filelock_parts.h - what the files of victim_filelock share. */
#ifndef PORTLOCK_TESTS_VICTIM_FILELOCK_PARTS_H
#define PORTLOCK_TESTS_VICTIM_FILELOCK_PARTS_H

#include "victim.h"
#include "victim_filelock.h"

/* The current descriptor; another one becomes it, until do_close(). */
int current(void);
int push(int fd);

#define UNTOUCHED 4242 /* of errno */

/* The errno, if the call failed; -1: it changed errno without need. */
#define RESULT_OF(call)                                                        \
	(errno = UNTOUCHED, (call) < 0 ? errno : (errno == UNTOUCHED ? 0 : -1))

/* Calls *(int (**)(void))argument; the result of such a call in a thread. */
void *in_thread(void *argument);
int call_in_thread(int (*call)(void));

#define VICTIM_FILELOCK_FUNCTION(name) int do_##name(void);
VICTIM_FILELOCK_COMMANDS(VICTIM_FILELOCK_FUNCTION)
#undef VICTIM_FILELOCK_FUNCTION

#endif
