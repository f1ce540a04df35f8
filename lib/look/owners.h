/* SPDX-License-Identifier: MIT */
/* owners.h - which processes have which sockets open. */
#ifndef PORTLOCK_LOOK_OWNERS_H
#define PORTLOCK_LOOK_OWNERS_H

#include "look.h"

/* A process that has a socket. */
struct owner {
	uint32_t inode;
	int fd;	    /* its descriptor there */
	pid_t task; /* whose /proc/TASK/fd has it: the process, or a thread */
	int fact;   /* of owners.facts */
};

/* What there is to know of a process, once for all that it has. */
struct fact {
	struct look_process process;
	uint64_t started; /* in ticks since the boot */
	pid_t own_pid;	  /* as itself sees it, in its namespace */
};

struct owners {
	struct owner *list; /* sorted by inode, the eldest process first */
	int count;
	struct fact *facts;
	int fact_count;
};

/*
 * Looks at all processes for these sockets, which it sorts.  Those of which we
 * may not see the descriptors are left out, and so is who ends meanwhile.  0
 * with something to free, or -errno with nothing.
 */
int owners_find(struct owners *owners, uint32_t *inodes, int count);
void owners_free(struct owners *owners);

/* The first owner of a socket, and how many there are, each process once. */
const struct owner *owners_of(const struct owners *owners, uint32_t inode,
			      int *count);

/* fact.c: what /proc says of a process by one of its threads; false: gone. */
bool fact_read(struct fact *fact, pid_t pid, pid_t task);

#endif
