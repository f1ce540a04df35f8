/* SPDX-License-Identifier: MIT */
/* hook_fd.c - closes and overwritings pass the core's descriptors by.
 *
 * For the program these descriptors do not exist: what would close one finds
 * nothing there (EBADF), and what wants its number gets it, as the core moves
 * away first.  A child that is not a process of ours (vfork, _Fork) may close
 * its copies; they are not the lock.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "shim/shim.h"

/* glibc's second names; what is compiled against them is hooked, too. */
int __close(int fd);
int __dup2(int from, int to);

static bool is_hidden(int fd)
{
	return shim_fd_is_ours(fd) && shim_same_process();
}

SHIM_HOOK int close(int fd)
{
	if (is_hidden(fd)) {
		errno = EBADF;
		return -1;
	}
	return REAL(close)(fd);
}

SHIM_HOOK int __close(int fd)
{
	return close(fd);
}

/* Where close_range() does not exist.  The range ends below a descriptor of
 * ours, so it is short. */
static int close_each(unsigned first, unsigned last)
{
	for (unsigned fd = first; fd <= last; fd++)
		REAL(close)((int)fd);
	return 0;
}

/* Closes around ours until none is left: *first is where the rest begins. */
static int close_around(unsigned *first, unsigned last, int flags)
{
	int error = errno;
	int ours;

	while ((ours = shim_fd_next(*first, last)) >= 0) {
		unsigned below = (unsigned)ours;

		if (below > *first &&
		    REAL(close_range)(*first, below - 1, flags) < 0) {
			if (errno != ENOSYS || flags)
				return -1;
			errno = error;
			close_each(*first, below - 1);
		}
		*first = below + 1;
	}
	return 0;
}

SHIM_HOOK int close_range(unsigned first, unsigned last, int flags)
{
	/* With flags it either sets close-on-exec, which ours have anyway, or
	 * unshares the table, which is the caller's intent for all parts. */
	if (first <= last && shim_fd_next(first, last) >= 0 &&
	    shim_same_process()) {
		if (close_around(&first, last, flags) < 0)
			return -1;
		if (first > last)
			return 0;
	}
	return REAL(close_range)(first, last, flags);
}

SHIM_HOOK void closefrom(int lowest)
{
	unsigned first = lowest < 0 ? 0 : (unsigned)lowest;

	if (shim_fd_next(first, ~0u) >= 0 && shim_same_process())
		close_around(&first, ~0u, 0);
	REAL(closefrom)((int)first);
}

/*
 * Before a dup2(from, to): false with errno if it must not be.  EBUSY is what
 * the kernel says of a number that is about to be another file's; here, of one
 * that cannot move, for want of another number or as a wait is watching it.
 */
static bool make_room(int from, int to)
{
	int error = errno;

	if (is_hidden(from)) {
		errno = EBADF;
		return false;
	}
	/* Into nowhere it fails, and nothing needs to move. */
	if (is_hidden(to) && fcntl(from, F_GETFD) >= 0 &&
	    !pl_registry_move(to) && is_hidden(to)) {
		errno = EBUSY;
		return false;
	}
	errno = error;
	return true;
}

SHIM_HOOK int dup2(int from, int to)
{
	return make_room(from, to) ? REAL(dup2)(from, to) : -1;
}

SHIM_HOOK int __dup2(int from, int to)
{
	return dup2(from, to);
}

SHIM_HOOK int dup3(int from, int to, int flags)
{
	return make_room(from, to) ? REAL(dup3)(from, to, flags) : -1;
}
