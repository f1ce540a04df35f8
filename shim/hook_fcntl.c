/* SPDX-License-Identifier: MIT */
/* hook_fcntl.c - the entry points of the family fcntl.
 *
 * Where a long has 32 bits there are two kinds of struct flock.  The commands
 * tell which one it is, or, of locks of the open file, the entry point.  Within
 * the shim all is as in a struct flock64.
 */
#include "config.h"

#include <pthread.h>
#include <stdarg.h>
#include <unistd.h>

#include "shim/filelock.h"
#include "shim/recent.h"

/* glibc's second name. */
int __fcntl(int fd, int command, ...);

/* ---- locks of the process ------------------------------------------------------- */

static int take_posix(const struct filelock *lock)
{
	unsigned counted = SEEN_WRITE;
	struct shim_hold *hold;
	int result;

	if (filelock_join(lock->fd))
		return filelock_real(lock);
	if (!lock->rule->bypass_shared)
		counted |= SEEN_READ;
	result = filelock_take(lock, &hold);
	if (hold)
		filelock_own(lock->fd, counted, hold);
	return result;
}

static void less_posix(int fd, const struct flock64 *range)
{
	filelock_less(fd, range->l_type == F_UNLCK &&
				  range->l_whence == SEEK_SET &&
				  range->l_start == 0 && range->l_len == 0);
}

/* ---- locks of the open file ----------------------------------------------------- */

static int take_ofd(const struct filelock *lock)
{
	if (filelock_is_tied(lock->fd, TIE_OFD))
		return filelock_real(lock);
	return filelock_take_tied(lock);
}

/* Also in a signal handler that interrupts the shim, as before. */
static void less_ofd(int fd)
{
	const struct shim_rule *rule;
	unsigned wanted = SEEN_WRITE;
	char path[PATH_MAX];

	if (tie_next(0, ~0u) < 0 || !shim_same_process())
		return;
	rule = fd_rule(SHIM_FCNTL, fd, path);
	if (rule && !rule->bypass_shared)
		wanted |= SEEN_READ;
	filelock_untie(fd, TIE_OFD, wanted);
}

/* ---- both: to have more, and less ----------------------------------------------- */

static bool is_of_process(int command)
{
	return command == F_SETLK64 || command == F_SETLKW64;
}

static int take(int fd, int command, const struct flock64 *range,
		const struct shim_rule *rule, const char *path)
{
	bool of_process = is_of_process(command);
	struct filelock lock = {
		.fd = fd,
		.rule = rule,
		.path = path,
		.kind = of_process ? SEEN_POSIX : SEEN_OFD,
		.tie = TIE_OFD,
		.never = command == F_SETLK64 || command == F_OFD_SETLK,
		.range = *range,
	};

	filelock_begin(&lock);
	return of_process ? take_posix(&lock) : take_ofd(&lock);
}

static int less(int fd, int command, struct flock64 *range)
{
	int result = filelock_control(fd, command, range);

	if (result < 0)
		return result;
	if (is_of_process(command))
		less_posix(fd, range);
	else
		less_ofd(fd);
	return result;
}

/* What the kernel refuses whoever has a lock need not wait for one. */
static bool is_refused(int fd, int command, const struct flock64 *range)
{
	int get = is_of_process(command) ? F_GETLK64 : F_OFD_GETLK;
	int unfit = range->l_type == F_RDLCK ? O_WRONLY : O_RDONLY;
	struct flock64 asked = *range;

	return filelock_control(fd, get, &asked) < 0 ||
	       (REAL(fcntl)(fd, F_GETFL) & O_ACCMODE) == unfit;
}

static void left(void *unused)
{
	(void)unused;
	shim_leave();
}

static int set_lock(int fd, int command, struct flock64 *range)
{
	const struct shim_rule *rule;
	char path[PATH_MAX];
	int result;

	if (range->l_type == F_UNLCK)
		return less(fd, command, range);
	rule = fd_rule(SHIM_FCNTL, fd, path);
	if (range->l_type == F_RDLCK && (!rule || rule->bypass_shared))
		return less(fd, command, range);
	if (!rule || is_refused(fd, command, range) || !shim_enter())
		return filelock_control(fd, command, range);
	/* To wait for such a lock can be cancelled. */
	pthread_cleanup_push(left, NULL);
	result = take(fd, command, range, rule, path);
	pthread_cleanup_pop(1);
	return result;
}

static int copied(int from, int to)
{
	if (to >= 0) {
		recent_forget_fd(to);
		tie_copy(from, to);
	}
	return to;
}

static bool has_argument(int command)
{
	switch (command) {
	case F_GETFD:
	case F_GETFL:
	case F_GETOWN:
	case F_GETSIG:
	case F_GETLEASE:
	case F_GETPIPE_SZ:
	case F_GET_SEALS:
		return false;
	default:
		return true;
	}
}

/* Which struct comes with it. */
enum layout { NARROW, WIDE };

static int real_control(int fd, int command, void *argument, enum layout layout)
{
	return layout == WIDE ? filelock_control(fd, command, argument)
			      : REAL(fcntl)(fd, command, argument);
}

/* The command for a struct flock64, with the argument in it; -1: no lock is to
 * be set. */
static int widened(int command, const void *argument, enum layout layout,
		   struct flock64 *range)
{
	const struct flock *narrow = argument;

	if (command == F_SETLK64 || command == F_SETLKW64)
		layout = WIDE;
	else if (command != F_SETLK && command != F_SETLKW &&
		 command != F_OFD_SETLK && command != F_OFD_SETLKW)
		return -1;
	if (layout == WIDE)
		*range = *(const struct flock64 *)argument;
	else
		*range = (struct flock64){ .l_type = narrow->l_type,
					   .l_whence = narrow->l_whence,
					   .l_start = narrow->l_start,
					   .l_len = narrow->l_len,
					   .l_pid = narrow->l_pid };
	if (command == F_SETLK)
		return F_SETLK64;
	return command == F_SETLKW ? F_SETLKW64 : command;
}

static int control(int fd, int command, void *argument, enum layout layout)
{
	struct flock64 range;
	int set = -1;

	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
		return copied(fd, REAL(fcntl)(fd, command, argument));
	if (argument && shim_family_has_rules(SHIM_FCNTL))
		set = widened(command, argument, layout, &range);
	return set >= 0 ? set_lock(fd, set, &range)
			: real_control(fd, command, argument, layout);
}

/* What the command has not, is not read. */
#define CONTROL(fd, command, layout, result)                                   \
	do {                                                                   \
		va_list arguments;                                             \
                                                                               \
		if (!has_argument(command)) {                                  \
			result = REAL(fcntl)(fd, command);                     \
			break;                                                 \
		}                                                              \
		va_start(arguments, command);                                  \
		result = control(fd, command, va_arg(arguments, void *),       \
				 layout);                                      \
		va_end(arguments);                                             \
	} while (0)

SHIM_HOOK int fcntl(int fd, int command, ...)
{
	int result;

	CONTROL(fd, command, NARROW, result);
	return result;
}

SHIM_HOOK int fcntl64(int fd, int command, ...)
{
	int result;

	CONTROL(fd, command, WIDE, result);
	return result;
}

SHIM_HOOK int __fcntl(int fd, int command, ...)
{
	int result;

	CONTROL(fd, command, NARROW, result);
	return result;
}

/* As libc makes it of fcntl(); from where the file is read or written next. */
static int set_from_here(int fd, int command, off64_t length)
{
	struct flock64 range = {
		.l_type = command == F_ULOCK ? F_UNLCK : F_WRLCK,
		.l_whence = SEEK_CUR,
		.l_len = length,
	};

	return set_lock(fd, command == F_LOCK ? F_SETLKW64 : F_SETLK64, &range);
}

static bool sets(int command)
{
	return (command == F_LOCK || command == F_TLOCK ||
		command == F_ULOCK) &&
	       shim_family_has_rules(SHIM_FCNTL);
}

SHIM_HOOK int lockf(int fd, int command, off_t length)
{
	return sets(command) ? set_from_here(fd, command, length)
			     : REAL(lockf)(fd, command, length);
}

SHIM_HOOK int lockf64(int fd, int command, off64_t length)
{
	return sets(command) ? set_from_here(fd, command, length)
			     : REAL(lockf64)(fd, command, length);
}
