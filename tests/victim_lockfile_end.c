/* SPDX-License-Identifier: MIT */
/* victim_lockfile_end.c - victim_lockfile removes the lock file, and ends. */
#include "config.h"

#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "victim_lockfile_parts.h"

int do_unlink(void)
{
	return result_of(unlink(name));
}

int do_unlinkat(void)
{
	return result_of(unlinkat(directory, last_component(name), 0));
}

int do_remove(void)
{
	return result_of(remove(name));
}

int do_rmdir(void)
{
	return result_of(rmdir(name));
}

int do_rmdirat(void)
{
	return result_of(
		unlinkat(directory, last_component(name), AT_REMOVEDIR));
}

int do_rename(void)
{
	return result_of(rename(name, protected_name));
}

int do_renameat(void)
{
	return result_of(renameat(directory, last_component(name), directory,
				  last_component(protected_name)));
}

static int elsewhere;
static volatile sig_atomic_t in_handler;

static void handle(int signal)
{
	(void)signal;
	in_handler = do_unlink();
}

int do_unlink_in_handler(void)
{
	in_handler = EIO;
	signal(SIGUSR1, handle);
	raise(SIGUSR1);
	return in_handler;
}

static volatile sig_atomic_t is_to_be_interrupted;

static long libc_syscall(long number, const long arguments[6])
{
	long (*next)(long, ...) =
		(long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");

	return next(number, arguments[0], arguments[1], arguments[2],
		    arguments[3], arguments[4], arguments[5]);
}

/* It reads as many arguments as there can be, more than it was given. */
#if defined(__GNUC__)
#define UNCHECKED __attribute__((no_sanitize("address")))
#else
#define UNCHECKED
#endif

/*
 * Exported, so the shim's call after the real rename() gets here: somebody
 * else makes the next file, and then a signal comes.
 */
__attribute__((visibility("default"))) UNCHECKED long syscall(long number, ...)
{
	long passed[6];
	va_list arguments;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		passed[i] = va_arg(arguments, long);
	va_end(arguments);
	if (number == SYS_lremovexattr && is_to_be_interrupted) {
		is_to_be_interrupted = 0;
		close((int)libc_syscall(
			SYS_openat,
			(long[6]){ AT_FDCWD, (long)name, EXCLUSIVE, 0600 }));
		raise(SIGUSR1);
	}
	return libc_syscall(number, passed);
}

/* The result is the handler's. */
int do_rename_interrupted(void)
{
	int result;

	in_handler = EIO;
	signal(SIGUSR1, handle);
	is_to_be_interrupted = 1;
	result = do_rename();
	return result ? result : in_handler;
}

/* ---- to go --------------------------------------------------------------- */

int do_exit(void)
{
	exit(0);
}

int do__exit(void)
{
	_exit(0);
}

int do_quick_exit(void)
{
	quick_exit(0);
}

int do_exec(void)
{
	execl(program, "victim_lockfile", name, (char *)NULL);
	return errno;
}

int do_exec_fails(void)
{
	execl("/nonexistent", "nothing", (char *)NULL);
	return errno == ENOENT ? 0 : errno;
}

/* ---- to get other rights, another root, another path --------------------- */

int do_same_user(void)
{
	return result_of(setuid(getuid()));
}

/* The leak sanitizer asks this at the end, where it would trace the process:
 * it cannot with other rights, or without /proc. */
static bool is_traceable = true;

__attribute__((visibility("default"))) int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
	return !is_traceable;
}

int do_nobody(void)
{
	is_traceable = false;
	return result_of(setgid(NOBODY) < 0 ? -1 : setuid(NOBODY));
}

int do_chroot(void)
{
	is_traceable = false;
	return result_of(chroot(here));
}

int do_nobody_to_files(void)
{
	is_traceable = false;
	setfsgid(NOBODY);
	setfsuid(NOBODY);
	return setfsuid(NOBODY) == NOBODY ? 0 : EPERM;
}

/* Something else is at our path there. */
static void be_elsewhere(int ready, int end)
{
	char any = unshare(CLONE_NEWNS) < 0 ||
		   mount("none", "/", "", MS_REC | MS_PRIVATE, "") < 0 ||
		   mount("none", here, "ramfs", 0, "") < 0;

	if (write(ready, &any, 1) == 1)
		_exit((int)read(end, &any, 1));
	_exit(1);
}

int do_mounts_elsewhere(void)
{
	int ready[2], end[2], space, result = EPERM;
	char failed, path[32];
	pid_t child;

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(end, O_CLOEXEC) < 0)
		return errno;
	child = fork();
	if (child == 0)
		be_elsewhere(ready[1], (close(end[1]), end[0]));
	if (read(ready[0], &failed, 1) == 1 && !failed) {
		snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)child);
		space = open(path, O_RDONLY | O_CLOEXEC);
		is_traceable = false;
		result = result_of(setns(space, CLONE_NEWNS));
		close(space);
	}
	close(end[1]);
	waitpid(child, NULL, 0);
	close(end[0]);
	close(ready[0]);
	close(ready[1]);
	return result;
}

int do_chroot_fails(void)
{
	return result_of(chroot("/nonexistent"));
}

int do_move(void)
{
	char moved[PATH_MAX + 8];

	snprintf(moved, sizeof(moved), "%s-moved", here);
	return result_of(rename(here, moved));
}

int do_make_namesake(void)
{
	char other[PATH_MAX + 8];

	snprintf(other, sizeof(other), "%s/other", here);
	if (mkdir(other, 0700) < 0 || chmod(other, 0777) < 0)
		return errno;
	elsewhere = open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return opened(openat(elsewhere, last_component(name),
			     O_WRONLY | O_CREAT, 0600));
}

int do_remove_namesake(void)
{
	return result_of(unlinkat(elsewhere, last_component(name), 0));
}
