/* SPDX-License-Identifier: MIT */
/* victim_fds.c - a program that closes and overwrites descriptors which it
 * does not know, while it holds a named semaphore.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "victim.h"
#include "victim_fds.h"

#define MINE 3 /* descriptors: input, output, errors */

static const char *name;
static sem_t *sem;
static pid_t raw_child;

static int do_take(void)
{
	if (!sem)
		sem = sem_open(name, O_CREAT, 0600, 1);
	return sem_wait(sem) < 0 ? errno : 0;
}

static int do_give(void)
{
	return sem_post(sem) < 0 ? errno : 0;
}

static int limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur < 70000 ? (int)limit.rlim_cur : 70000;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Calls what is given for every descriptor above ours; the sum. */
static int for_hidden(int (*call)(int fd))
{
	int sum = 0;

	for (int fd = MINE; fd < limit(); fd++)
		if (is_open(fd))
			sum += call(fd);
	return sum;
}

static int one(int fd)
{
	(void)fd;
	return 1;
}

static int do_hidden(void)
{
	return for_hidden(one);
}

static int do_lowest(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

static int do_highest(void)
{
	int fd = limit() - 1;

	while (!is_open(fd))
		fd--;
	return fd;
}

static int do_few(void)
{
	struct rlimit few;

	getrlimit(RLIMIT_NOFILE, &few);
	few.rlim_cur = 32;
	return setrlimit(RLIMIT_NOFILE, &few) < 0 ? errno : 0;
}

static int do_closefrom(void)
{
	closefrom(MINE);
	return 0;
}

static int do_close_range(void)
{
	return close_range(MINE, ~0u, 0) < 0 ? errno : 0;
}

static int do_close_range_cloexec(void)
{
	return close_range(MINE, ~0u, CLOSE_RANGE_CLOEXEC) < 0 ? errno : 0;
}

static int close_range_of(int fd)
{
	return close_range((unsigned)fd, (unsigned)fd, 0) < 0;
}

/* As kernels before 5.9 have it, and some containers. */
static int do_no_close_range(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		return errno;
	return 0;
}

static int do_close_range_exact(void)
{
	return for_hidden(close_range_of);
}

static int do_close_range_wrong(void)
{
	return close_range(9, 8, 0) < 0 ? errno : 0;
}

static int do_close_each(void)
{
	int closed = 0, end = limit();

	for (int fd = MINE; fd < end; fd++)
		closed += close(fd) == 0;
	return closed;
}

static int errno_of_close(int fd)
{
	return close(fd) < 0 ? errno : 0;
}

static int do_close_hidden(void)
{
	return for_hidden(errno_of_close);
}

static int errno_of_dup(int fd)
{
	return dup2(fd, 200) < 0 ? errno : 0;
}

static int do_dup_from_hidden(void)
{
	return for_hidden(errno_of_dup);
}

static int errno_of_plain_dup(int fd)
{
	return dup(fd) < 0 ? errno : 0;
}

static int do_dup_hidden(void)
{
	return for_hidden(errno_of_plain_dup);
}

/* The errors of what must all succeed. */
static int over_each(int (*copy)(int from, int to))
{
	int wrong = 0, end = limit();

	for (int fd = MINE; fd < end; fd++) {
		wrong += copy(STDERR_FILENO, fd) != fd;
		wrong += close(fd) != 0;
	}
	return wrong;
}

static int do_dup2_over_each(void)
{
	return over_each(dup2);
}

static int dup3_cloexec(int from, int to)
{
	return dup3(from, to, O_CLOEXEC);
}

static int do_dup3_over_each(void)
{
	return over_each(dup3_cloexec);
}

static int errno_of_dup_over(int fd)
{
	return dup2(-1, fd) < 0 ? errno : 0;
}

static int do_dup2_nothing(void)
{
	return for_hidden(errno_of_dup_over);
}

static int do_close_in_vfork(void)
{
	int status = 0;
	pid_t child = vfork();

	if (child == 0) {
		/* As CPython's subprocess does. */
		close_range(MINE, ~0u, 0);
		dup2(STDERR_FILENO, limit() - 2);
		_exit(0);
	}
	return waitpid(child, &status, 0) == child ? status : -1;
}

static int do_close_in_raw_child(void)
{
	raw_child = _Fork();
	if (raw_child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		do_close_each();
		/* SIGSTOP tells the parent that we are done. */
		raise(SIGSTOP);
		pause();
		_exit(0);
	}
	return waitpid(raw_child, NULL, WUNTRACED) == raw_child ? 0 : -1;
}

static int do_raw_child_ends(void)
{
	kill(raw_child, SIGKILL);
	return waitpid(raw_child, NULL, 0) == raw_child ? 0 : -1;
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
#define COMMAND(name) { #name, do_##name },
		VICTIM_FDS_COMMANDS(COMMAND){ NULL, NULL }
	};

	if (argc < 2) {
		fprintf(stderr, "usage: victim_fds NAME [COMMAND]...\n");
		return 64;
	}
	name = argv[1];
	closefrom(MINE); /* what the shell may have left open */
	return argc > 2 ? run_all(commands, argv + 2) : serve(commands);
}
