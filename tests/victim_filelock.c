/* SPDX-License-Identifier: MIT */
/* victim_filelock.c - a program that locks the files a and b of a folder. */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "victim.h"
#include "victim_filelock.h"

#define UNTOUCHED 4242 /* of errno */

static const char *folder;
static int fds[64], count; /* the last one is the current one */
static char name = 'a';

static int current(void)
{
	return fds[count - 1];
}

static int push(int fd)
{
	if (fd < 0)
		return errno;
	fds[count++] = fd;
	return 0;
}

static int open_file(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%c", folder, name);
	return open(path, O_RDWR | O_CREAT, 0600);
}

static int do_again(void)
{
	return push(open_file());
}

static int do_a(void)
{
	name = 'a';
	return do_again();
}

static int do_b(void)
{
	name = 'b';
	return do_again();
}

static int do_copy(void)
{
	return push(dup(current()));
}

static int do_copy2(void)
{
	return push(dup2(current(), 100 + count));
}

static int do_copy_f(void)
{
	return push(fcntl(current(), F_DUPFD, 50));
}

/* ---- calls and their results -------------------------------------------------- */

/* The errno, if the call failed; -1: it changed errno without need. */
#define RESULT_OF(call)                                                        \
	(errno = UNTOUCHED, (call) < 0 ? errno : (errno == UNTOUCHED ? 0 : -1))

static int do_close(void)
{
	return RESULT_OF(close(fds[--count]));
}

static int do_close_range(void)
{
	unsigned first = (unsigned)fds[--count];

	return RESULT_OF(close_range(first, ~0u, 0));
}

static int do_close_other(void)
{
	int fd = open_file();

	return RESULT_OF(close(fd));
}

static int do_fclose_other(void)
{
	FILE *stream = fdopen(open_file(), "r");

	return RESULT_OF(fclose(stream));
}

/* ---- flock() --------------------------------------------------------------------- */

static int do_ex(void)
{
	return RESULT_OF(flock(current(), LOCK_EX));
}

static int do_ex_nb(void)
{
	return RESULT_OF(flock(current(), LOCK_EX | LOCK_NB));
}

static int do_sh(void)
{
	return RESULT_OF(flock(current(), LOCK_SH));
}

static int do_sh_nb(void)
{
	return RESULT_OF(flock(current(), LOCK_SH | LOCK_NB));
}

static int do_un(void)
{
	return RESULT_OF(flock(current(), LOCK_UN));
}

static int do_wrong(void)
{
	return RESULT_OF(flock(current(), 77));
}

static void *in_thread(void *argument)
{
	int (*call)(void) = *(int (**)(void))argument;

	return (void *)(intptr_t)call();
}

static int call_in_thread(int (*call)(void))
{
	pthread_t thread;
	void *result;

	if (pthread_create(&thread, NULL, in_thread, &call) != 0 ||
	    pthread_join(thread, &result) != 0)
		return -1;
	return (int)(intptr_t)result;
}

static int do_ex_in_thread(void)
{
	return call_in_thread(do_ex);
}

/* ---- fcntl() --------------------------------------------------------------------- */

static int set(int command, short type, off_t start, off_t length)
{
	struct flock lock = { .l_type = type,
			      .l_whence = SEEK_SET,
			      .l_start = start,
			      .l_len = length };

	return RESULT_OF(fcntl(current(), command, &lock));
}

#define SET(name, command, type, start, length)                                \
	static int do_##name(void)                                             \
	{                                                                      \
		return set(command, type, start, length);                      \
	}

SET(set_w, F_SETLK, F_WRLCK, 0, 0)
SET(set_w1, F_SETLK, F_WRLCK, 0, 10)
SET(set_w2, F_SETLK, F_WRLCK, 10, 10)
SET(set_r, F_SETLK, F_RDLCK, 0, 0)
SET(set_r1, F_SETLK, F_RDLCK, 0, 10)
SET(set_u, F_SETLK, F_UNLCK, 0, 0)
SET(set_u1, F_SETLK, F_UNLCK, 0, 10)
SET(set_u2, F_SETLK, F_UNLCK, 10, 10)
SET(wait_w, F_SETLKW, F_WRLCK, 0, 0)
SET(wait_w1, F_SETLKW, F_WRLCK, 0, 10)
SET(wait_w2, F_SETLKW, F_WRLCK, 10, 10)
SET(ofd_w, F_OFD_SETLK, F_WRLCK, 0, 0)
SET(ofd_w1, F_OFD_SETLK, F_WRLCK, 0, 10)
SET(ofd_w2, F_OFD_SETLK, F_WRLCK, 10, 10)
SET(ofd_wait_w, F_OFD_SETLKW, F_WRLCK, 0, 0)
SET(ofd_u, F_OFD_SETLK, F_UNLCK, 0, 0)
SET(ofd_u1, F_OFD_SETLK, F_UNLCK, 0, 10)
SET(ofd_u2, F_OFD_SETLK, F_UNLCK, 10, 10)

static int do_wait_w_in_thread(void)
{
	return call_in_thread(do_wait_w);
}

static int do_wait_w_cancelled(void)
{
	int (*call)(void) = do_wait_w, number;
	pthread_t thread;
	sigset_t signals;
	void *result;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	pthread_create(&thread, NULL, in_thread, &call);
	sigwait(&signals, &number);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	return result == PTHREAD_CANCELED ? 0 : -1;
}

static int do_get(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(current(), F_GETLK, &lock) < 0)
		return -errno;
	return lock.l_type == F_UNLCK ? 0 : (int)lock.l_pid;
}

static int do_lockf_lock(void)
{
	return RESULT_OF(lockf(current(), F_LOCK, 0));
}

static int do_lockf_try(void)
{
	return RESULT_OF(lockf(current(), F_TLOCK, 0));
}

static int do_lockf_test(void)
{
	return RESULT_OF(lockf(current(), F_TEST, 0));
}

static int do_lockf_unlock(void)
{
	return RESULT_OF(lockf(current(), F_ULOCK, 0));
}

static int do_flags(void)
{
	int fd = current(), wrong = 0;

	wrong |= (fcntl(fd, F_GETFD) != 0) << 0;
	wrong |= (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) << 1;
	wrong |= (fcntl(fd, F_GETFD) != FD_CLOEXEC) << 2;
	wrong |= (fcntl(fd, F_SETFL, O_APPEND) != 0) << 3;
	wrong |= ((fcntl(fd, F_GETFL) & (O_APPEND | O_ACCMODE)) !=
		  (O_APPEND | O_RDWR))
		 << 4;
	wrong |= (RESULT_OF(fcntl(fd, F_DUPFD, -1)) != EINVAL) << 5;
	wrong |= (RESULT_OF(fcntl(-1, F_GETFD)) != EBADF) << 6;
	wrong |= (fcntl(fd, F_GETOWN) != 0) << 7;
	wrong |= (set(F_SETLK, 77, 0, 0) != EINVAL) << 8;
	wrong |= (set(F_SETLK, F_WRLCK, -5, 0) != EINVAL) << 9;
	wrong |= (RESULT_OF(lockf(fd, 77, 0)) != EINVAL) << 10;
	return wrong;
}

/* ---- signals, counting ------------------------------------------------------------ */

static void ignore(int number)
{
	(void)number;
}

static int handle(int flags)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = flags };

	return sigaction(SIGUSR1, &action, NULL) < 0 ? errno : 0;
}

static int do_interrupt(void)
{
	return handle(0);
}

static int do_restart(void)
{
	return handle(SA_RESTART);
}

static void unlock(int number)
{
	(void)number;
	flock(current(), LOCK_UN);
}

static int do_un_in_handler(void)
{
	signal(SIGUSR1, unlock);
	return raise(SIGUSR1);
}

static int do_cover(void)
{
	int failed = 0, end = (int)sysconf(_SC_OPEN_MAX);

	for (int fd = 200; fd < end; fd++) {
		failed += dup2(STDERR_FILENO, fd) != fd;
		failed += close(fd) != 0;
	}
	return failed;
}

static int count_with(int (*lock)(void), int (*unlock)(void))
{
	volatile long *counter =
		mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED,
		     VICTIM_SHARED, 0);
	int error = 0;

	if (counter == MAP_FAILED)
		return errno;
	for (int i = 0; i < VICTIM_FILELOCK_ROUNDS && error == 0; i++) {
		long seen;

		error = lock();
		seen = *counter;
		sched_yield();
		*counter = seen + 1;
		error |= unlock();
	}
	munmap((void *)counter, sizeof(*counter));
	return error;
}

static int do_count_ex(void)
{
	return count_with(do_ex, do_un);
}

static int do_count_w(void)
{
	return count_with(do_wait_w, do_set_u);
}

/* ---- children ---------------------------------------------------------------------- */

static int do_fork_and_exit(void)
{
	pid_t child = fork();

	if (child > 0)
		_exit(0);
	return child < 0 ? errno : 0;
}

static int do_fork_twice(void)
{
	pid_t child = fork();

	if (child > 0) {
		waitpid(child, NULL, 0);
		_exit(0);
	}
	return child < 0 ? errno : do_fork_and_exit();
}

static void obey(void)
{
	sigset_t signals;
	int number;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGTERM);
	for (;;) {
		sigwait(&signals, &number);
		if (number == SIGTERM)
			_exit(0);
		if (number == SIGUSR1)
			do_un();
		else
			do_close();
	}
}

static int do_fork_and_obey(void)
{
	sigset_t signals, before;
	pid_t child;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &before);
	child = fork();
	if (child > 0)
		obey();
	sigprocmask(SIG_SETMASK, &before, NULL);
	prctl(PR_SET_PDEATHSIG, 0);
	return child < 0 ? errno : 0;
}

static int do_fork_to_wait(void)
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	return child;
}

static int do_daemon(void)
{
	return daemon(1, 1) < 0 ? errno : 0;
}

static int do_ex_in_child(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(do_again() || do_ex_nb());
	waitpid(child, &status, 0);
	return status;
}

static int do_hold(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
#define COMMAND(name) { #name, do_##name },
		VICTIM_FILELOCK_COMMANDS(COMMAND){ NULL, NULL }
	};

	if (argc < 2) {
		fprintf(stderr, "usage: victim_filelock FOLDER [COMMAND]...\n");
		return 64;
	}
	folder = argv[1];
	if (do_a() != 0)
		return 1;
	return argc > 2 ? run_all(commands, argv + 2) : serve(commands);
}
