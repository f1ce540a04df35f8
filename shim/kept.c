/* SPDX-License-Identifier: MIT */
/* kept.c - whether a key is kept for a lock that we are inside of.
 *
 * The process that took it has gone, as flock(1) does that locks a descriptor of
 * its shell.  So nobody above us holds it; but the open file is still locked,
 * and this process has it open, or one above.  A mark tells which file that is:
 * a socket which the guard has, by the name
 *	/portlock-kept/SESSION/DEVICE:INODE/MOMENT
 * and by which the kernel tells the user and the process that began the hold.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/session.h"
#include "shim/filelock.h"
#include "shim/gate.h"
#include "shim/kept.h"
#include "shim/unix_lines.h"

#define PREFIX "/portlock-kept/"
#define DEPTH 64 /* generations that are looked at */

struct file {
	uint64_t device, inode;
};

/* Before the first mark of this program: one of an earlier moment by the same
 * process is of a program before it. */
static _Atomic uint64_t marks_begin;

/* ---- the mark ------------------------------------------------------------------ */

static bool identify(int folder, const char *path, struct file *file)
{
	struct statx about;

	/* The kernel's: others that are preloaded look at files for
	 * themselves.  And what it knows: a server may be far away. */
	if (syscall(SYS_statx, folder, path,
		    AT_STATX_DONT_SYNC | (*path ? 0 : AT_EMPTY_PATH),
		    STATX_TYPE | STATX_INO, &about) < 0)
		return false;
	file->device =
		(uint64_t)about.stx_dev_major << 32 | about.stx_dev_minor;
	file->inode = about.stx_ino;
	return true;
}

static socklen_t name_of(struct sockaddr_un *name, const char *text)
{
	size_t length = strlen(text);

	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	memcpy(name->sun_path + 1, text, length);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

static int bind_mark(int mark, const struct pl_address *address,
		     const struct file *file)
{
	struct sockaddr_un name;
	char text[sizeof(name.sun_path) - 1];
	uint64_t now = (uint64_t)pl_now(CLOCK_BOOTTIME), none = 0;
	socklen_t length;

	if (!atomic_compare_exchange_strong(&marks_begin, &none, now))
		now = (uint64_t)pl_now(CLOCK_BOOTTIME); /* not before that */
	snprintf(text, sizeof(text),
		 PREFIX "%s/%" PRIx64 ":%" PRIx64 "/%" PRIx64,
		 address->session + strlen(PL_SESSION_PREFIX), file->device,
		 file->inode, now);
	length = name_of(&name, text);
	if (pl_ops->bind(mark, (struct sockaddr *)&name, length) < 0 ||
	    pl_ops->listen(mark, PL_BACKLOG) < 0)
		return -errno;
	return 0;
}

int kept_mark(const struct pl_address *address, int file)
{
	struct file known;
	int mark, error;

	if (!identify(file, "", &known))
		return -errno;
	mark = pl_ops->socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (mark < 0)
		return -errno;
	error = bind_mark(mark, address, &known);
	if (error == 0)
		return mark;
	pl_ops->close(mark);
	return error;
}

/* ---- who has the file open and locked -------------------------------------------- */

static bool has_locked(pid_t pid, const char *fd, const struct file *file,
		       bool others)
{
	unsigned seen;
	struct file found;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%.20s", (int)pid, fd);
	if (!identify(AT_FDCWD, path, &found) || found.device != file->device ||
	    found.inode != file->inode)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.20s", (int)pid, fd);
	seen = filelock_seen_in(path, SEEN_FLOCK);
	return seen & (SEEN_READ | SEEN_WRITE) && !(others && seen & SEEN_OWN);
}

/* Without opendir(), which allocates. */
static bool shares(pid_t pid, const struct file *file, bool others)
{
	char path[32], entries[2048] __attribute__((aligned(8)));
	bool found = false;
	int folder;
	long size;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = REAL(open)(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return false;
	while (!found && (size = syscall(SYS_getdents64, folder, entries,
					 sizeof(entries))) > 0)
		for (long at = 0; at < size && !found;) {
			const struct dirent64 *entry =
				(const void *)(entries + at);

			found = entry->d_name[0] != '.' &&
				has_locked(pid, entry->d_name, file, others);
			at += entry->d_reclen;
		}
	REAL(close)(folder);
	return found;
}

static bool is_shared_above(const struct file *file, bool others)
{
	pid_t at = getpid();

	for (int i = 0; at > 0 && i < DEPTH; i++) {
		if (shares(at, file, others))
			return true;
		at = shim_parent_of(at);
	}
	return false;
}

/* ---- at the mark ----------------------------------------------------------------- */

struct mark {
	const char *name; /* in the line */
	struct file file;
	uint64_t moment;
};

/* False: the line is of another socket, or of another key's mark. */
static bool read_mark(const char *line, const struct pl_address *address,
		      struct mark *mark)
{
	const char *session = address->session + strlen(PL_SESSION_PREFIX);
	const char *name = strchr(line, '@');
	size_t head = strlen(PREFIX) + strlen(session);

	if (!name++ || strlen(name) >= sizeof(struct sockaddr_un) - 3 ||
	    strncmp(name, PREFIX, strlen(PREFIX)) != 0 ||
	    strncmp(name + strlen(PREFIX), session, strlen(session)) != 0 ||
	    sscanf(name + head, "/%" SCNx64 ":%" SCNx64 "/%" SCNx64,
		   &mark->file.device, &mark->file.inode, &mark->moment) != 3)
		return false;
	mark->name = name;
	return true;
}

/* A name of its own tells the guard more than that somebody asks: it comes with
 * the connection, so it needs no wait for what is sent. */
static int connect_to(const struct mark *mark, bool has_name)
{
	const struct sockaddr_un any = { .sun_family = AF_UNIX };
	struct sockaddr_un name;
	socklen_t length = name_of(&name, mark->name);
	int socket = pl_ops->socket(
		AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (socket < 0)
		return -1;
	if ((!has_name || pl_ops->bind(socket, (const struct sockaddr *)&any,
				       sizeof(any.sun_family)) == 0) &&
	    pl_ops->connect(socket, (struct sockaddr *)&name, length) == 0)
		return socket;
	pl_ops->close(socket);
	return -1;
}

/* Who began the hold, if that is a process of this user; else 0. */
static pid_t beginner_of(const struct mark *mark)
{
	struct ucred peer = { .pid = 0 };
	socklen_t size = sizeof(peer);
	int socket = connect_to(mark, false);

	if (socket < 0)
		return 0;
	if (pl_ops->getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) <
		    0 ||
	    peer.uid != pl_ops->geteuid())
		peer.pid = 0;
	pl_ops->close(socket);
	return peer.pid;
}

static void tell(const struct mark *mark)
{
	int socket = connect_to(mark, true);

	if (socket >= 0)
		pl_ops->close(socket);
}

void kept_tell_locker(const struct pl_address *address, int file)
{
	struct unix_lines lines;
	int error = errno;
	struct file known;
	struct mark mark;
	char *line;

	if (!identify(file, "", &known) || !unix_open(&lines))
		goto out;
	while ((line = unix_next(&lines)))
		if (read_mark(line, address, &mark) &&
		    mark.file.device == known.device &&
		    mark.file.inode == known.inode)
			tell(&mark);
	unix_close(&lines);
out:
	errno = error;
}

/* ---- the question ---------------------------------------------------------------- */

/* By this program, and not by what the process was before an exec: it has the
 * key, or has let it go, and the guard has not heard of it yet. */
static bool is_our_own(pid_t beginner, uint64_t moment)
{
	uint64_t begin = atomic_load(&marks_begin);

	return beginner == getpid() && begin != 0 && moment >= begin;
}

/* Not who waits for the cluster; but who is about to let it go as well. */
static bool has_grant(pid_t pid, uint64_t inode)
{
	int fd = gate_fd(pid, inode);
	uint64_t granted = 0;

	return fd >= 0 && (gate_look(pid, fd, inode, &granted) || granted != 0);
}

/*
 * Who holds it still has the gate; and what that means, inside.c knows.  If it
 * is another thread, or one above, the file is locked for that: the mark is of
 * one that let the key go before, and of a guard that has not heard of it yet.
 */
static bool is_held(const struct pl_address *address, pid_t beginner)
{
	uint64_t inode = gate_inode(address->name);
	pid_t at = getpid();

	if (inode == 0 || inode == GATE_HIDDEN)
		return inode != 0;
	if (gate_fd(beginner, inode) >= 0)
		return true;
	for (int i = 0; at > 0 && i < DEPTH; i++) {
		if (has_grant(at, inode))
			return true;
		at = shim_parent_of(at);
	}
	return false;
}

static bool is_inside_of(const char *line, const struct pl_address *address,
			 bool others)
{
	struct mark mark;
	pid_t beginner;

	if (!read_mark(line, address, &mark) ||
	    !is_shared_above(&mark.file, others))
		return false;
	beginner = beginner_of(&mark);
	/* Who let it go in between, has unlocked the file before; and who has
	 * locked the file in between, holds it. */
	return beginner > 0 && !is_our_own(beginner, mark.moment) &&
	       !is_held(address, beginner) &&
	       is_shared_above(&mark.file, others) &&
	       !is_held(address, beginner);
}

bool kept_is_inside(const struct pl_address *address, bool others)
{
	struct unix_lines lines;
	int error = errno;
	bool inside = false;
	char *line;

	if (!unix_open(&lines))
		return false;
	while (!inside && (line = unix_next(&lines)))
		inside = is_inside_of(line, address, others);
	unix_close(&lines);
	errno = error;
	return inside;
}
