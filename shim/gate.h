/* SPDX-License-Identifier: MIT */
/* gate.h - who has a gate among its descriptors, and since when. */
#ifndef PORTLOCK_SHIM_GATE_H
#define PORTLOCK_SHIM_GATE_H

#include "shim/shim.h"

#define GATE_HIDDEN UINT64_MAX /* there is no looking */

/* The inode number of the socket that listens by that name; 0: none does, or
 * more than one seems to. */
uint64_t gate_inode(const char *name);

#define GATE_NO_FD (-1)
#define GATE_HIDDEN_FD (-2) /* its descriptors are not to be seen */

/* The process's descriptor for the socket, also if that is about to be let go. */
int gate_fd(pid_t pid, uint64_t inode);

/* Whether that descriptor is the socket still, of a lock that is held and not
 * about to be let go, and the token of the grant that its holder got; 0: it did
 * not sign. */
bool gate_look(pid_t pid, int fd, uint64_t inode, uint64_t *granted);

#endif
