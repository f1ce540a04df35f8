/* SPDX-License-Identifier: MIT */
/* hook_fd.h - what goes with a descriptor of the program, around the call that
 * closes it.
 */
#ifndef PORTLOCK_SHIM_HOOK_FD_H
#define PORTLOCK_SHIM_HOOK_FD_H

#include "shim/filelock.h"

struct fd_end {
	int fd;
	bool tied;
	struct tie_end ties;
	bool owned; /* the process's locks on the file go, too */
	struct filelock_file file;
};

/* Before the real call; -1: no descriptor.  Async-signal-safe, all keep errno;
 * without ties and locks of the process it takes two atomic loads. */
void fd_end_begin(struct fd_end *end, int fd);
/* After it, if the descriptor has gone; or if it is still there. */
void fd_end_finish(struct fd_end *end);
void fd_end_undo(const struct fd_end *end);

#endif
