/* SPDX-License-Identifier: MIT */
/* fd_rule.h - the rule for an open file, by where the file really is.
 *
 * To ask where it is takes microseconds.  So what is known not to concern a
 * family is remembered, by facts that change when the file gets another name:
 * for such a file an answer costs one fstat(); for the descriptor of a
 * moment ago, nothing (recent.h).
 */
#ifndef PORTLOCK_SHIM_FD_RULE_H
#define PORTLOCK_SHIM_FD_RULE_H

#include <limits.h>
#include <sys/stat.h>

#include "shim/shim.h"

/* All of them are async-signal-safe and keep errno. */

/*
 * The family's rule for a regular file, or for a directory in the family
 * "flock", and its path then; NULL: none, or it is another kind of file.  The
 * path of a file that was removed is the one that it had.
 */
const struct shim_rule *fd_rule(enum shim_family family, int fd,
				char path[PATH_MAX]);

/* ---- its parts, for another question about a file --------------------------- */

struct fd_look {
	struct stat64 about;
	uint64_t verdict; /* 0: it must not be remembered */
};

/* False: it is no such file, or it is remembered as of no concern; the salt is
 * of what else the verdict depends on. */
bool fd_look(enum shim_family family, int fd, uint64_t salt,
	     struct fd_look *look);
/* The path that the file has or had; of one that it had the verdict must not be
 * remembered, if it has another. */
bool fd_path(int fd, struct fd_look *look, char path[PATH_MAX]);
/* It is of no concern to the family. */
void fd_look_in_vain(const struct fd_look *look);

#endif
