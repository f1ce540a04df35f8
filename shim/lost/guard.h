/* SPDX-License-Identifier: MIT */
/* guard.h - what the files of portlock-guard share. */
#ifndef PORTLOCK_SHIM_LOST_GUARD_H
#define PORTLOCK_SHIM_LOST_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/lost/protocol.h"

/* ---- processes.c: who is there ------------------------------------------- */

struct process {
	pid_t pid, parent;
	uint64_t started; /* ticks since the machine's start */
	bool chosen;
};

/* One of them; false: it is not there, or dead. */
bool process_read(pid_t pid, struct process *process);

/* Ticks, the one at the time or before, of CLOCK_BOOTTIME ns. */
uint64_t process_ticks(uint64_t ns);

/* All of them, but this one: in memory of the caller's, freed by it; returns
 * how many. */
int processes_list(struct process **list);

/* ---- victims.c: who is to end -------------------------------------------- */

/*
 * The host and what it has started since it had the lock, which may well work
 * under the lock's protection: as flock(1) starts a command.
 */
void victims_begin(pid_t host, int pidfd);
void victims_find(uint64_t since);
/* The host is the last to get it: its end gives the lock back. */
void victims_signal(int signal);
/* Whether any of them is there still. */
bool victims_are_left(void);

/* ---- say.c --------------------------------------------------------------- */

/* One line for the user, as the message says. */
void say(const struct lost_message *message, pid_t host, const char *what);

#endif
