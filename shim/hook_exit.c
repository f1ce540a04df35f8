/* SPDX-License-Identifier: MIT */
/* hook_exit.c - the process ends or becomes another program, in good order.
 *
 * The lock files that it leaves then, it leaves on purpose: they lose their
 * marks and stay, until somebody removes them.  A process that is killed gets
 * no chance to do this, and that is the difference.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "shim/heir.h"
#include "shim/lockfile.h"

static void leave(void)
{
	lockfile_leave();
	heir_leave();
}

__attribute__((destructor)) static void leave_at_exit(void)
{
	leave();
}

/* quick_exit() runs no destructors and calls an _exit() of its own.  As the
 * first one here we are the last one there. */
__attribute__((constructor)) static void watch_quick_exit(void)
{
	at_quick_exit(leave);
}

SHIM_HOOK void _exit(int status)
{
	leave();
	for (;;)
		REAL(_exit)(status);
}

SHIM_HOOK void _Exit(int status)
{
	leave();
	for (;;)
		REAL(_Exit)(status);
}

/* libc forks, and the parent ends by an _exit() that nobody sees.  The child
 * goes on with what was left on purpose. */
SHIM_HOOK int daemon(int nochdir, int noclose)
{
	uint64_t left = lockfile_leave();
	pid_t parent = getpid();
	int result, error;

	heir_daemon_begins();
	result = REAL(daemon)(nochdir, noclose);
	error = errno;
	heir_daemon_ends();
	if (result < 0 && getpid() == parent)
		lockfile_stay(left);
	errno = error;
	return result;
}

/* The exec failed: what was left is ours again. */
static int back(uint64_t left)
{
	int error = errno;

	lockfile_stay(left);
	errno = error;
	return -1;
}

SHIM_HOOK int execve(const char *path, char *const argv[], char *const envp[])
{
	uint64_t left = lockfile_leave();

	REAL(execve)(path, argv, envp);
	return back(left);
}

SHIM_HOOK int execv(const char *path, char *const argv[])
{
	uint64_t left = lockfile_leave();

	REAL(execv)(path, argv);
	return back(left);
}

SHIM_HOOK int execvp(const char *file, char *const argv[])
{
	uint64_t left = lockfile_leave();

	REAL(execvp)(file, argv);
	return back(left);
}

SHIM_HOOK int execvpe(const char *file, char *const argv[], char *const envp[])
{
	uint64_t left = lockfile_leave();

	REAL(execvpe)(file, argv, envp);
	return back(left);
}

SHIM_HOOK int fexecve(int fd, char *const argv[], char *const envp[])
{
	uint64_t left = lockfile_leave();

	REAL(fexecve)(fd, argv, envp);
	return back(left);
}

SHIM_HOOK int execveat(int directory, const char *path, char *const argv[],
		       char *const envp[], int flags)
{
	uint64_t left = lockfile_leave();

	REAL(execveat)(directory, path, argv, envp, flags);
	return back(left);
}

/* The variadic three: count, then copy, on the stack as libc does. */

static size_t count_arguments(va_list arguments)
{
	size_t count = 1;

	while (va_arg(arguments, char *))
		count++;
	return count;
}

static void copy_arguments(char **argv, const char *first, va_list arguments)
{
	*argv++ = (char *)first;
	while ((*argv++ = va_arg(arguments, char *)))
		continue;
}

SHIM_HOOK int execl(const char *path, const char *first, ...)
{
	va_list arguments;
	size_t count;

	va_start(arguments, first);
	count = count_arguments(arguments);
	va_end(arguments);

	char *argv[count + 1];

	va_start(arguments, first);
	copy_arguments(argv, first, arguments);
	va_end(arguments);
	return execv(path, argv);
}

SHIM_HOOK int execlp(const char *file, const char *first, ...)
{
	va_list arguments;
	size_t count;

	va_start(arguments, first);
	count = count_arguments(arguments);
	va_end(arguments);

	char *argv[count + 1];

	va_start(arguments, first);
	copy_arguments(argv, first, arguments);
	va_end(arguments);
	return execvp(file, argv);
}

SHIM_HOOK int execle(const char *path, const char *first, ...)
{
	va_list arguments;
	char *const *envp;
	size_t count;

	va_start(arguments, first);
	count = count_arguments(arguments);
	va_end(arguments);

	char *argv[count + 1];

	va_start(arguments, first);
	copy_arguments(argv, first, arguments);
	envp = va_arg(arguments, char *const *);
	va_end(arguments);
	return execve(path, argv, envp);
}
