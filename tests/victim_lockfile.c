/* SPDX-License-Identifier: MIT */
/* victim_lockfile.c - a program that makes and removes lock files. */
#include "config.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "victim.h"
#include "victim_lockfile.h"

#define EXCLUSIVE (O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC)
#define MANY 100
#define NOBODY 65534

static const char *name;
static char protected_name[PATH_MAX], alias[PATH_MAX], here[PATH_MAX];
static char program[PATH_MAX];
static int directory, elsewhere;

/* The result of a call that returns 0, or -1 with errno. */
static int result_of(int result)
{
	return result < 0 ? errno : 0;
}

static int opened(int fd)
{
	int error = result_of(fd);

	if (fd >= 0)
		close(fd);
	return error;
}

static const char *last_component(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* ---- to make ---------------------------------------------------------------- */

static int do_open(void)
{
	return opened(open(name, EXCLUSIVE, 0600));
}

static int do_open64(void)
{
	return opened(open64(name, EXCLUSIVE, 0600));
}

static int do_openat(void)
{
	return opened(openat(directory, last_component(name), EXCLUSIVE, 0600));
}

static int do_fopen(void)
{
	FILE *stream = fopen(name, "wx");

	if (!stream)
		return errno;
	fclose(stream);
	return 0;
}

static int do_mkdir(void)
{
	return result_of(mkdir(name, 0700));
}

static int do_mkdirat(void)
{
	return result_of(mkdirat(directory, last_component(name), 0700));
}

/* Both names of the file go through here. */
static int with_file(int (*make_link)(const char *file))
{
	char file[PATH_MAX];
	int result, fd;

	snprintf(file, sizeof(file), "%s.%d", name, (int)getpid());
	fd = open(file, O_WRONLY | O_CREAT, 0600);
	if (fd < 0)
		return errno;
	close(fd);
	result = result_of(make_link(file));
	unlink(file);
	return result;
}

static int link_to(const char *file)
{
	return link(file, name);
}

static int linkat_to(const char *file)
{
	return linkat(directory, last_component(file), directory,
		      last_component(name), 0);
}

static int do_link(void)
{
	return with_file(link_to);
}

static int do_linkat(void)
{
	return with_file(linkat_to);
}

static int do_symlink(void)
{
	return result_of(symlink("anything", name));
}

static int do_symlinkat(void)
{
	return result_of(
		symlinkat("anything", directory, last_component(name)));
}

static int do_open_here(void)
{
	if (fchdir(directory) < 0)
		return errno;
	return opened(open(last_component(name), EXCLUSIVE, 0600));
}

static int do_open_by_alias(void)
{
	return opened(open(alias, EXCLUSIVE, 0600));
}

/* The result of run() in a child. */
static int in_child(int (*run)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(run());
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

static int do_open_in_child(void)
{
	return in_child(do_open);
}

static int run_program(void)
{
	int nowhere = open("/dev/null", O_WRONLY);

	dup2(nowhere, STDOUT_FILENO);
	execl(program, "victim_lockfile", name, "open", (char *)NULL);
	return errno;
}

/* 1 if the program could not make it. */
static int do_open_in_program(void)
{
	return in_child(run_program);
}

static int do_open_as_zero(void)
{
	int input = dup(STDIN_FILENO), fd;

	close(STDIN_FILENO);
	fd = open(name, EXCLUSIVE, 0600);
	if (fd >= 0)
		close(fd);
	dup2(input, STDIN_FILENO);
	close(input);
	return fd;
}

/* ---- to remove ---------------------------------------------------------------- */

static int do_unlink(void)
{
	return result_of(unlink(name));
}

static int do_unlinkat(void)
{
	return result_of(unlinkat(directory, last_component(name), 0));
}

static int do_remove(void)
{
	return result_of(remove(name));
}

static int do_rmdir(void)
{
	return result_of(rmdir(name));
}

static int do_rmdirat(void)
{
	return result_of(
		unlinkat(directory, last_component(name), AT_REMOVEDIR));
}

static int do_rename(void)
{
	return result_of(rename(name, protected_name));
}

static int do_renameat(void)
{
	return result_of(renameat(directory, last_component(name), directory,
				  last_component(protected_name)));
}

static volatile sig_atomic_t in_handler;

static void handle(int signal)
{
	(void)signal;
	in_handler = do_unlink();
}

static int do_unlink_in_handler(void)
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

/*
 * Exported, so the shim's call after the real rename() gets here: somebody
 * else makes the next file, and then a signal comes.
 */
__attribute__((visibility("default"))) long syscall(long number, ...)
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
static int do_rename_interrupted(void)
{
	int result;

	in_handler = EIO;
	signal(SIGUSR1, handle);
	is_to_be_interrupted = 1;
	result = do_rename();
	return result ? result : in_handler;
}

static int do_unlink_in_child(void)
{
	return in_child(do_unlink);
}

/* ---- to open what is protected -------------------------------------------------- */

static int do_read(void)
{
	return opened(open(protected_name, O_RDONLY));
}

static int do_read_stream(void)
{
	FILE *stream = fopen(protected_name, "r");

	if (!stream)
		return errno;
	fclose(stream);
	return 0;
}

/* ---- to go ------------------------------------------------------------------------ */

static int do_exit(void)
{
	exit(0);
}

static int do__exit(void)
{
	_exit(0);
}

static int do_quick_exit(void)
{
	quick_exit(0);
}

static int do_exec(void)
{
	execl(program, "victim_lockfile", name, (char *)NULL);
	return errno;
}

static int do_exec_fails(void)
{
	execl("/nonexistent", "nothing", (char *)NULL);
	return errno == ENOENT ? 0 : errno;
}

/* ---- to get other rights, another root, another path ------------------------- */

static int do_same_user(void)
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

static int do_nobody(void)
{
	is_traceable = false;
	return result_of(setgid(NOBODY) < 0 ? -1 : setuid(NOBODY));
}

static int do_chroot(void)
{
	is_traceable = false;
	return result_of(chroot(here));
}

static int do_chroot_fails(void)
{
	return result_of(chroot("/nonexistent"));
}

static int do_move(void)
{
	char moved[PATH_MAX + 8];

	snprintf(moved, sizeof(moved), "%s-moved", here);
	return result_of(rename(here, moved));
}

static int do_make_namesake(void)
{
	char other[PATH_MAX + 8];

	snprintf(other, sizeof(other), "%s/other", here);
	if (mkdir(other, 0700) < 0 || chmod(other, 0777) < 0)
		return errno;
	elsewhere = open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return opened(openat(elsewhere, last_component(name),
			     O_WRONLY | O_CREAT, 0600));
}

static int do_remove_namesake(void)
{
	return result_of(unlinkat(elsewhere, last_component(name), 0));
}

/* ---- other things ------------------------------------------------------------------ */

static int do_nothing(void)
{
	return 0;
}

static void ignore(int signal)
{
	(void)signal;
}

static int handle_signals(int flags)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = flags };

	return result_of(sigaction(SIGUSR2, &action, NULL));
}

static int do_handle_signals(void)
{
	return handle_signals(0);
}

static int do_restart_signals(void)
{
	return handle_signals(SA_RESTART);
}

static int do_many(void)
{
	char path[PATH_MAX];
	int i, result = 0;

	for (i = 0; i < MANY && result == 0; i++) {
		snprintf(path, sizeof(path), "%s.%d.lock", name, i);
		result = opened(open(path, EXCLUSIVE, 0600));
	}
	while (i-- > 0 && result == 0) {
		snprintf(path, sizeof(path), "%s.%d.lock", name, i);
		result = result_of(unlink(path));
	}
	return result;
}

/* Not atomic: only the lock file makes it right. */
static void count(void)
{
	long value;

	if (pread(VICTIM_SHARED, &value, sizeof(value), 0) == sizeof(value)) {
		value++;
		if (pwrite(VICTIM_SHARED, &value, sizeof(value), 0) < 0)
			abort();
	}
}

static int do_turns(void)
{
	int result = 0;

	for (int i = 0; i < VICTIM_LOCKFILE_ROUNDS && result == 0; i++) {
		result = do_open();
		if (result)
			break;
		count();
		result = do_unlink();
	}
	return result;
}

static int do_loop(void)
{
	int result;

	do
		result = do_open();
	while (result == 0 && (result = do_unlink()) == 0);
	return result;
}

static int do_nowhere(void)
{
	return opened(open("/nonexistent/portlock-test.lock", EXCLUSIVE, 0600));
}

static int do_no_name(void)
{
	return opened(open("", EXCLUSIVE, 0600));
}

static int do_null(void)
{
	const char *volatile null = NULL;

	return opened(open(null, EXCLUSIVE, 0600));
}

static int do_dot(void)
{
	return result_of(mkdir(".", 0700));
}

static int do_too_long(void)
{
	char path[2 * PATH_MAX];

	memset(path, 'x', sizeof(path) - 1);
	strcpy(path + sizeof(path) - 6, ".lock");
	return opened(open(path, EXCLUSIVE, 0600));
}

static int do_below_a_file(void)
{
	return opened(open("/proc/self/exe/x.lock", EXCLUSIVE, 0600));
}

static bool prepare(const char *argument)
{
	const char *slash = strrchr(argument, '/');
	size_t length = strlen(argument);

	if (!slash || length < 5 || strcmp(argument + length - 5, ".lock") != 0)
		return false;
	name = argument;
	snprintf(protected_name, sizeof(protected_name), "%.*s",
		 (int)(length - 5), name);
	snprintf(here, sizeof(here), "%.*s", (int)(slash - name), name);
	snprintf(alias, sizeof(alias), "%.*s-alias%s", (int)(slash - name),
		 name, slash);
	directory = open(here, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory >= 0 &&
	       readlink("/proc/self/exe", program, sizeof(program) - 1) > 0;
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
#define COMMAND(name) { #name, do_##name },
		VICTIM_LOCKFILE_COMMANDS(COMMAND)
#undef COMMAND
			{ NULL, NULL },
	};

	if (argc < 2 || !prepare(argv[1])) {
		fprintf(stderr, "usage: victim_lockfile DIRECTORY/X.lock "
				"[COMMAND...]\n");
		return 64;
	}
	return argc > 2 ? run_all(commands, argv + 2) : serve(commands);
}
