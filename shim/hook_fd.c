/* SPDX-License-Identifier: MIT */
/* hook_fd.c - descriptors are copied, overwritten and closed.
 *
 * For the program the core's descriptors do not exist: what would close one
 * finds nothing there (EBADF), and what wants its number gets it, as the core
 * moves away first.  The program's own may have ties, which go with them.  A
 * child that is not a process of ours (vfork, _Fork) may close its copies;
 * they are not the lock.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <unistd.h>

#include "shim/heir.h"
#include "shim/hook_fd.h"
#include "shim/leash.h"
#include "shim/recent.h"

/* glibc's second names; what is compiled against them is hooked, too. */
int __close(int fd);
int __dup2(int from, int to);
int _IO_fclose(FILE *stream);

static bool is_hidden(int fd)
{
	return shim_fd_is_ours(fd) && shim_same_process();
}

/* ---- one goes away ------------------------------------------------------- */

void fd_end_begin(struct fd_end *end, int fd)
{
	end->fd = fd;
	recent_forget_fd(fd);
	end->tied = tie_close_begin(fd, &end->ties);
	end->owned = filelock_file(fd, &end->file);
}

void fd_end_finish(struct fd_end *end)
{
	/* The number may have been overwritten, and be in use. */
	recent_forget_fd(end->fd);
	if (end->tied)
		tie_close_finish(&end->ties);
	if (end->owned)
		filelock_closed(&end->file);
}

void fd_end_undo(const struct fd_end *end)
{
	if (end->tied)
		tie_close_undo(end->fd, &end->ties);
}

SHIM_HOOK int close(int fd)
{
	struct fd_end end;
	int result, cancel;

	if (is_hidden(fd)) {
		errno = EBADF;
		return -1;
	}
	/* Who is cancelled here closes it later, with all that goes with it. */
	if (tie_has(fd) || filelock_owns())
		pthread_testcancel();
	cancel = shim_whole_begin();
	fd_end_begin(&end, fd);
	if (!end.tied && !end.owned) {
		shim_whole_end(cancel);
		return REAL(close)(fd);
	}
	result = REAL(close)(fd);
	/* Also if it failed: it has gone then, or had gone behind our back. */
	fd_end_finish(&end);
	shim_whole_end(cancel);
	return result;
}

SHIM_HOOK int __close(int fd)
{
	return close(fd);
}

SHIM_HOOK int fclose(FILE *stream)
{
	int error = errno, result;
	struct fd_end end;

	/* -1: it has none. */
	fd_end_begin(&end, fileno(stream));
	errno = error;
	result = REAL(fclose)(stream);
	fd_end_finish(&end);
	return result;
}

SHIM_HOOK int _IO_fclose(FILE *stream)
{
	return fclose(stream);
}

/* ---- many go away -------------------------------------------------------- */

/* The lowest in the range that cannot go with the others: it is ours, or it is
 * the program's and something goes with it. */
static int next_special(unsigned first, unsigned last, int flags)
{
	int ours = shim_fd_next(first, last), tied = -1;

	if (!(flags & CLOSE_RANGE_CLOEXEC))
		tied = tie_next(first, last);
	return ours < 0 || (tied >= 0 && tied < ours) ? tied : ours;
}

/* close_range(), also where it does not exist: the range ends at a descriptor
 * that is known, so it is short. */
static int close_some(unsigned first, unsigned last, int flags)
{
	int error = errno;

	if (REAL(close_range)(first, last, flags) == 0)
		return 0;
	if (errno != ENOSYS || flags)
		return -1;
	for (unsigned fd = first; fd <= last; fd++)
		REAL(close)((int)fd);
	errno = error;
	return 0;
}

static int close_tied(int fd, int flags)
{
	struct fd_end end;
	int result;

	fd_end_begin(&end, fd);
	result = close_some((unsigned)fd, (unsigned)fd, flags);
	if (result < 0)
		fd_end_undo(&end);
	else
		fd_end_finish(&end);
	return result;
}

/* Closes up to the last special one: *first is where the rest begins. */
static int close_around(unsigned *first, unsigned last, int flags)
{
	int special;

	while ((special = next_special(*first, last, flags)) >= 0) {
		unsigned fd = (unsigned)special;

		if (fd > *first && close_some(*first, fd - 1, flags) < 0)
			return -1;
		if (!shim_fd_is_ours(special) && close_tied(special, flags) < 0)
			return -1;
		*first = fd + 1;
	}
	return 0;
}

static int close_all(unsigned first, unsigned last, int flags)
{
	/* With flags it either sets close-on-exec, which ours have anyway, or
	 * unshares the table, which is the caller's intent for all parts. */
	if (first <= last && next_special(first, last, flags) >= 0 &&
	    shim_same_process()) {
		if (close_around(&first, last, flags) < 0)
			return -1;
		if (first > last)
			return 0;
	}
	return REAL(close_range)(first, last, flags);
}

SHIM_HOOK int close_range(unsigned first, unsigned last, int flags)
{
	int result = close_all(first, last, flags);

	recent_forget();
	filelock_sweep();
	return result;
}

SHIM_HOOK void closefrom(int lowest)
{
	unsigned first = lowest < 0 ? 0 : (unsigned)lowest;

	if (next_special(first, ~0u, 0) >= 0 && shim_same_process())
		close_around(&first, ~0u, 0);
	REAL(closefrom)((int)first);
	recent_forget();
	filelock_sweep();
}

/* ---- copies -------------------------------------------------------------- */

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
	if (is_hidden(to) && REAL(fcntl)(from, F_GETFD) >= 0 &&
	    !pl_registry_move(to) && !heir_move(to) && !leash_move(to) &&
	    is_hidden(to)) {
		errno = EBUSY;
		return false;
	}
	errno = error;
	return true;
}

/* The call made from a copy of to, or failed. */
static int copied(int from, int to, struct fd_end *end)
{
	if (to < 0) {
		fd_end_undo(end);
		return to;
	}
	fd_end_finish(end);
	tie_copy(from, to);
	return to;
}

SHIM_HOOK int dup(int from)
{
	struct fd_end end;
	int to;

	if (is_hidden(from)) {
		errno = EBADF;
		return -1;
	}
	to = REAL(dup)(from);
	/* What was closed behind our back; the file is the new one. */
	fd_end_begin(&end, to);
	end.owned = false;
	return copied(from, to, &end);
}

SHIM_HOOK int dup2(int from, int to)
{
	struct fd_end end;

	if (!make_room(from, to))
		return -1;
	if (from == to)
		return REAL(dup2)(from, to);
	fd_end_begin(&end, to);
	return copied(from, REAL(dup2)(from, to), &end);
}

SHIM_HOOK int __dup2(int from, int to)
{
	return dup2(from, to);
}

SHIM_HOOK int dup3(int from, int to, int flags)
{
	struct fd_end end;

	if (!make_room(from, to))
		return -1;
	fd_end_begin(&end, to);
	return copied(from, REAL(dup3)(from, to, flags), &end);
}
