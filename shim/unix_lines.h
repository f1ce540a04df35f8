/* SPDX-License-Identifier: MIT */
/* unix_lines.h - the kernel's table of unix sockets, line by line. */
#ifndef PORTLOCK_SHIM_UNIX_LINES_H
#define PORTLOCK_SHIM_UNIX_LINES_H

#include "shim/shim.h"

/* /proc/net/unix: "Num: RefCount Protocol Flags Type St Inode Path", with @ for
 * the first NUL of an abstract name. */
struct unix_lines {
	int fd;
	size_t at, end;
	char text[4096];
};

/* False: there is no looking. */
bool unix_open(struct unix_lines *lines);
/* The next one, or NULL at the end; what is too long for us is left out. */
char *unix_next(struct unix_lines *lines);
void unix_close(struct unix_lines *lines);

#endif
