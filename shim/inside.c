/* SPDX-License-Identifier: MIT */
/* inside.c - whether a key that is taken need not be waited for, as its holder
 * is an ancestor, which may be waiting for us.
 *
 * Who has a key, the kernel tells to whom connects to its gate, but as of the
 * last listen(): between a hand-over and the moment in which the next holder
 * runs, that is still the one before.  So an ancestor counts if the gate is
 * among its descriptors.  And each such connection stays in the holder's queue:
 * a child that asks often keeps which descriptor it was.  As long as that one
 * is there, nothing has changed.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/heir.h"
#include "shim/hold.h"

#define KNOWN 32
#define DEPTH 64 /* generations that are looked at */

/* A key that an ancestor had, by the hash of its gate's name. */
struct known {
	_Atomic uint64_t identity, inode;
	atomic_int holder, fd;
};

static struct known table[KNOWN];

/* ---- the gate's inode number, by its name -------------------------------- */

/* /proc/net/unix, line by line: "Num: RefCount Protocol Flags Type St Inode
 * Path", with @ for the first NUL of an abstract name. */
struct lines {
	int fd;
	size_t at, end;
	char text[4096];
};

/* The next line, or NULL at the end; what is too long for us is no gate. */
static char *next_line(struct lines *lines)
{
	for (;;) {
		char *start = lines->text + lines->at;
		char *stop = memchr(start, '\n', lines->end - lines->at);
		ssize_t size;

		if (stop) {
			*stop = '\0';
			lines->at = (size_t)(stop - lines->text) + 1;
			return start;
		}
		lines->end -= lines->at;
		memmove(lines->text, start, lines->end);
		lines->at = 0;
		if (lines->end == sizeof(lines->text))
			lines->end = 0;
		size = read(lines->fd, lines->text + lines->end,
			    sizeof(lines->text) - lines->end);
		if (size <= 0)
			return NULL;
		lines->end += (size_t)size;
	}
}

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

#define HIDDEN UINT64_MAX /* there is no looking */

/* 0: nobody listens. */
static uint64_t inode_of_gate(const char *name)
{
	struct lines lines = { .at = 0 };
	uint64_t inode = 0;
	char *line;

	/* The thread's: it may have a network of its own. */
	lines.fd =
		REAL(open)("/proc/thread-self/net/unix", O_RDONLY | O_CLOEXEC);
	if (lines.fd < 0)
		return HIDDEN;
	while (inode == 0 && (line = next_line(&lines)))
		inode = inode_in(line, name);
	REAL(close)(lines.fd);
	return inode;
}

/* ---- a process's descriptor for it --------------------------------------- */

static bool has(pid_t pid, int fd, uint64_t inode)
{
	char path[48], wanted[48], found[48];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	snprintf(wanted, sizeof(wanted), "socket:[%llu]",
		 (unsigned long long)inode);
	length = readlink(path, found, sizeof(found));
	return length == (ssize_t)strlen(wanted) &&
	       memcmp(found, wanted, strlen(wanted)) == 0;
}

#define NO_FD (-1)
#define HIDDEN_FD (-2) /* its descriptors are not to be seen */

/* Without opendir(), which allocates. */
static int fd_of(pid_t pid, uint64_t inode)
{
	char path[32], entries[2048] __attribute__((aligned(8)));
	int folder, found = NO_FD;
	long size;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = REAL(open)(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return HIDDEN_FD;
	while (found < 0 && (size = syscall(SYS_getdents64, folder, entries,
					    sizeof(entries))) > 0) {
		for (long at = 0; at < size && found < 0;) {
			const struct dirent64 *entry =
				(const void *)(entries + at);
			int fd = atoi(entry->d_name);

			if (entry->d_name[0] != '.' && has(pid, fd, inode))
				found = fd;
			at += entry->d_reclen;
		}
	}
	REAL(close)(folder);
	return found;
}

/* ---- the processes that this one is a fork of ---------------------------- */

/* Since the last exec: what they held when they forked is known (hold.c). */
static pid_t forked_from[DEPTH];
static int forks;

static void after_fork_in_child(void)
{
	forked_from[forks++ % DEPTH] = getppid();
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, after_fork_in_child);
}

/* A worker waits for the process that has forked it, unless that one held the
 * key then, and so may be waiting for the worker. */
static bool is_waited_for(const struct pl_address *address, pid_t holder)
{
	for (int i = 0; i < DEPTH && i < forks; i++)
		if (forked_from[i] == holder)
			return hold_is_of_parent_alone(address);
	return false;
}

/* ---- what is known ------------------------------------------------------- */

static struct known *known_of(const struct pl_address *address,
			      uint64_t *identity)
{
	*identity = shim_hash(address->name, strlen(address->name));
	return &table[*identity % KNOWN];
}

static bool is_known(const struct pl_address *address)
{
	uint64_t identity, inode;
	struct known *known = known_of(address, &identity);
	int holder, fd;

	if (atomic_load(&known->identity) != identity)
		return false;
	inode = atomic_load(&known->inode);
	holder = atomic_load(&known->holder);
	fd = atomic_load(&known->fd);
	/* The inode is of one gate only, so a mixture of two threads' writings
	 * finds nothing; a holder that ends is no ancestor any more. */
	return has(holder, fd, inode) &&
	       atomic_load(&known->identity) == identity;
}

static void learn(const struct pl_address *address, pid_t holder, int fd,
		  uint64_t inode)
{
	uint64_t identity;
	struct known *known = known_of(address, &identity);

	atomic_store(&known->identity, 0);
	atomic_store(&known->inode, inode);
	atomic_store(&known->holder, holder);
	atomic_store(&known->fd, fd);
	atomic_store(&known->identity, identity);
}

/* The process's descriptor for the gate; what there is is kept. */
static int find_gate(const struct pl_address *address, pid_t pid,
		     uint64_t inode)
{
	int fd = inode == 0 ? NO_FD : fd_of(pid, inode);

	if (fd >= 0)
		learn(address, pid, fd, inode);
	return fd;
}

/* An ancestor listened last.  Where there is no looking that must do. */
static bool is_holder(const struct pl_address *address, pid_t ancestor)
{
	uint64_t inode = inode_of_gate(address->name);

	return inode == HIDDEN || find_gate(address, ancestor, inode) != NO_FD;
}

/* Nobody can be asked: look at all ancestors. */
static bool find_holder(const struct pl_address *address)
{
	uint64_t inode = inode_of_gate(address->name);
	pid_t at = getppid();

	for (int i = 0; inode != HIDDEN && at > 0 && i < DEPTH; i++) {
		if (find_gate(address, at, inode) >= 0)
			return true;
		at = shim_parent_of(at);
	}
	return false;
}

bool shim_is_inside(const struct pl_address *address, pid_t holder)
{
	int error = errno;
	bool inside;

	if (holder == PL_NOT_ASKED)
		inside = is_known(address);
	else if (holder == PL_NOT_SEEN)
		inside = find_holder(address);
	else if (holder == getpid())
		inside = hold_is_everybodys(address);
	else
		inside = !is_waited_for(address, holder) &&
			 shim_is_ancestor(holder) && is_holder(address, holder);
	/* It may be ours before we know. */
	inside = inside || heir_expects_key(address);
	errno = error;
	return inside;
}
