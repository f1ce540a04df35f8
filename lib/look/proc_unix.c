/* SPDX-License-Identifier: MIT */
/* proc_unix.c - gates by /proc/net/unix, where sock_diag is forbidden.
 *
 * A container's filter of system calls may do that.  The text knows nothing of
 * queues, and a key with a newline is cut there.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define ACCEPTS 0x10000 /* of the flags: it listens */
#define UNCONNECTED 1

/*
 * "Num: RefCount Protocol Flags Type State Inode Path", the first seven of a
 * fixed form.  The path of an abstract name begins with "@" in place of NUL.
 */
static int take_line(struct table *table, const char *line, size_t length,
		     const char *name)
{
	unsigned flags, type, state;
	struct table_gate *gate;
	unsigned long inode;
	int path = 0;

	if (sscanf(line, "%*x: %*x %*x %x %x %x %lu @%n", &flags, &type, &state,
		   &inode, &path) < 4 ||
	    path == 0)
		return 0;
	line += path;
	length -= (size_t)path;
	if (type != SOCK_STREAM || state != UNCONNECTED ||
	    !table_is_gate(line, length) || (name && strcmp(line, name) != 0))
		return 0;
	gate = table_add_gate(table);
	if (!gate)
		return -ENOMEM;
	memcpy(gate->name, line, length);
	gate->inode = (uint32_t)inode;
	gate->uid = TABLE_UID_UNKNOWN;
	gate->listens = (flags & ACCEPTS) != 0;
	return 0;
}

int proc_unix(struct table *table, const char *name)
{
	/* The calling thread's: it may have a network of its own. */
	FILE *file = fopen("/proc/thread-self/net/unix", "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	int error = 0;

	if (!file)
		return -errno;
	while (error == 0 && (length = getline(&line, &room, file)) > 0) {
		if (line[length - 1] == '\n')
			line[--length] = '\0';
		error = take_line(table, line, (size_t)length, name);
	}
	if (error == 0 && ferror(file))
		error = -EIO;
	free(line);
	fclose(file);
	return error;
}
