/* SPDX-License-Identifier: MIT */
/* inside.c - whether a key that is taken need not be waited for, as its holder
 * is an ancestor, which may be waiting for us.
 *
 * Who has a key, the kernel tells to whom connects to its gate, but as of the
 * last listen(): between a hand-over and the moment in which the next holder
 * runs, that is still the one before.  So an ancestor counts if the gate is
 * among its descriptors.  It waits for what it has started since the grant, and
 * not for the workers that it had before.  And each connection stays in the
 * holder's queue: a child that asks often keeps what it has learnt, and looks
 * whether the ancestor still has that grant.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "shim/gate.h"
#include "shim/heir.h"
#include "shim/hold.h"

#define KNOWN 32
#define DEPTH 64 /* generations that are looked at */

/* A key that an ancestor had, by the hash of its gate's name. */
struct known {
	_Atomic uint64_t identity, inode, granted;
	atomic_int holder, fd;
};

static struct known table[KNOWN];

/* ---- who was there before the grant -------------------------------------- */

/* Since the last exec, the processes that this one is a fork of: what they held
 * when they forked is known (hold_table.c). */
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

static bool is_fork_of(pid_t ancestor)
{
	for (int i = 0; i < DEPTH && i < forks; i++)
		if (forked_from[i] == ancestor)
			return true;
	return false;
}

/*
 * Whether the ancestor started, since that grant, the child of its that we are
 * or come from.  Of what was executed the kernel tells when it was started, in
 * ticks of 10 ms: in the tick of the grant it counts as started after it, as
 * who is waited for must never wait.
 */
static bool is_started_since(const struct pl_address *address, pid_t ancestor,
			     uint64_t granted)
{
	uint64_t inherited;

	if (granted == 0)
		return true;
	if (is_fork_of(ancestor) && hold_inherited(address, &inherited))
		return inherited == granted;
	return shim_started(shim_child_of(ancestor)) >=
	       granted / SHIM_TICK_NS * SHIM_TICK_NS;
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
	uint64_t identity, granted;
	struct known *known = known_of(address, &identity);

	/* The inode is of one gate only, so a mixture of two threads' writings
	 * finds nothing; a holder that ends is no ancestor any more. */
	return atomic_load(&known->identity) == identity &&
	       gate_look(atomic_load(&known->holder), atomic_load(&known->fd),
			 atomic_load(&known->inode), &granted) &&
	       atomic_load(&known->granted) == granted &&
	       atomic_load(&known->identity) == identity;
}

static void learn(const struct pl_address *address, pid_t holder, int fd,
		  uint64_t inode, uint64_t granted)
{
	uint64_t identity;
	struct known *known = known_of(address, &identity);

	atomic_store(&known->identity, 0);
	atomic_store(&known->inode, inode);
	atomic_store(&known->granted, granted);
	atomic_store(&known->holder, holder);
	atomic_store(&known->fd, fd);
	atomic_store(&known->identity, identity);
}

/* ---- the question -------------------------------------------------------- */

/* Whether the ancestor has the gate, and may wait for us.  Where its
 * descriptors are not to be seen, what hidden says. */
static bool is_inside_of(const struct pl_address *address, pid_t ancestor,
			 uint64_t inode, bool hidden)
{
	int fd = gate_fd(ancestor, inode);
	uint64_t granted;

	if (fd == GATE_HIDDEN_FD)
		return hidden;
	if (fd < 0 || !gate_look(ancestor, fd, inode, &granted) ||
	    !is_started_since(address, ancestor, granted))
		return false;
	learn(address, ancestor, fd, inode, granted);
	return true;
}

/* An ancestor listened last.  Where there is no looking that must do. */
static bool is_holder(const struct pl_address *address, pid_t ancestor)
{
	uint64_t inode = gate_inode(address->name);

	return inode == GATE_HIDDEN ||
	       (inode != 0 && is_inside_of(address, ancestor, inode, true));
}

/* Nobody can be asked: look at all ancestors. */
static bool find_holder(const struct pl_address *address)
{
	uint64_t inode = gate_inode(address->name);
	pid_t at = getppid();

	if (inode == 0 || inode == GATE_HIDDEN)
		return false;
	for (int i = 0; at > 0 && i < DEPTH; i++) {
		if (is_inside_of(address, at, inode, false))
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
		inside =
			shim_child_of(holder) > 0 && is_holder(address, holder);
	/* It may be ours before we know. */
	inside = inside || heir_expects_key(address);
	errno = error;
	return inside;
}
