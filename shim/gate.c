/* SPDX-License-Identifier: MIT */
/* gate.c - who has a gate among its descriptors, and since when. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/gate.h"
#include "shim/unix_lines.h"

#define PASSES 4
#define GATE_TWO (UINT64_MAX - 1) /* more than one seems to have the name */

/* ---- the gate's inode number, by its name -------------------------------- */

/* The inode in a line about a listening socket of that name, or 0. */
static uint64_t inode_in(const char *line, const char *name)
{
	static const unsigned listening = 0x10000; /* the kernel's flag */
	unsigned flags;
	unsigned long long inode;
	int path = 0;

	if (sscanf(line, "%*x: %*x %*x %x %*x %*x %llu %n", &flags, &inode,
		   &path) != 2 ||
	    path == 0 || !(flags & listening) || line[path] != '@')
		return 0;
	/* A key's newline ends the line. */
	return strncmp(line + path + 1, name, strcspn(name, "\n")) == 0 &&
			       strlen(line + path + 1) == strcspn(name, "\n")
		       ? inode
		       : 0;
}

/* One pass: 0 if none is seen; GATE_HIDDEN, or GATE_TWO. */
static uint64_t inode_once(const char *name)
{
	struct unix_lines lines;
	uint64_t inode = 0;
	bool doubt = false;
	char *line;

	if (!unix_open(&lines))
		return GATE_HIDDEN;
	/* All lines: a name with a newline in it, which anybody may bind, can
	 * look like the line of another socket, before or after the gate's. */
	while ((line = unix_next(&lines))) {
		uint64_t found = inode_in(line, name);

		doubt |= found != 0 && inode != 0 && found != inode;
		inode = found != 0 ? found : inode;
	}
	unix_close(&lines);
	return doubt ? GATE_TWO : inode;
}

/*
 * The kernel tells its table in pieces.  When a socket goes that stands before
 * ours in the same row, between two pieces, ours is left out: with thousands
 * of sockets that came and went, of one pass in 3,000.
 */
uint64_t gate_inode(const char *name)
{
	uint64_t inode = 0;

	for (int pass = 0; pass < PASSES && inode == 0; pass++)
		inode = inode_once(name);
	return inode == GATE_TWO ? 0 : inode;
}

/* ---- a process's descriptor for it --------------------------------------- */

static bool look(pid_t pid, int fd, uint64_t inode, struct statx *about)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	/* The kernel's, as libfaketime has times of its own. */
	return syscall(SYS_statx, AT_FDCWD, path, 0,
		       STATX_TYPE | STATX_INO | STATX_ATIME | STATX_MTIME,
		       about) == 0 &&
	       S_ISSOCK(about->stx_mode) && about->stx_ino == inode;
}

/* Where it cannot be seen it goes on. */
static bool is_ending(pid_t pid, int fd)
{
	char path[48], text[128];
	const char *at;
	int info;
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)pid, fd);
	info = REAL(open)(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return false;
	size = read(info, text, sizeof(text) - 1);
	REAL(close)(info);
	text[size > 0 ? size : 0] = '\0';
	at = strstr(text, "flags:");
	return at && strtol(at + strlen("flags:"), NULL, 8) & O_APPEND;
}

bool gate_look(pid_t pid, int fd, uint64_t inode, uint64_t *granted)
{
	struct pl_signature signature;
	struct statx about;

	if (!look(pid, fd, inode, &about))
		return false;
	*granted = 0;
	if (!pl_sign_read(&about, &signature))
		return true;
	*granted = signature.token;
	/* Else it waits itself for the rest, or is about to let it go. */
	return signature.token != 0 && !is_ending(pid, fd);
}

/* Without opendir(), which allocates. */
int gate_fd(pid_t pid, uint64_t inode)
{
	char path[32], entries[2048] __attribute__((aligned(8)));
	int folder, found = GATE_NO_FD;
	struct statx about;
	long size;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = REAL(open)(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return GATE_HIDDEN_FD;
	while (found < 0 && (size = syscall(SYS_getdents64, folder, entries,
					    sizeof(entries))) > 0) {
		for (long at = 0; at < size && found < 0;) {
			const struct dirent64 *entry =
				(const void *)(entries + at);
			int fd = atoi(entry->d_name);

			if (entry->d_name[0] != '.' &&
			    look(pid, fd, inode, &about))
				found = fd;
			at += entry->d_reclen;
		}
	}
	REAL(close)(folder);
	return found;
}
