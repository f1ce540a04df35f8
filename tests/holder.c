/* SPDX-License-Identifier: MIT */
/* holder.c - a library that takes a semaphore before the program that it is
 * preloaded into starts: HOLD_SEMAPHORE names it, for this process alone.
 */
#include "config.h"

#include <fcntl.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void take(void)
{
	const char *name = getenv("HOLD_SEMAPHORE");
	sem_t *sem = name ? sem_open(name, O_CREAT, 0600, 1) : SEM_FAILED;

	if (sem != SEM_FAILED && sem_wait(sem) < 0)
		_exit(71);
	unsetenv("HOLD_SEMAPHORE");
}
