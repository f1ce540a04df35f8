/* SPDX-License-Identifier: MIT */
/* victim_filelock.c - a program that locks the files a and b of a folder: which
 * ones, and flock().
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#include "victim_filelock_parts.h"

static const char *folder;
static int fds[64], count; /* the last one is the current one */
static char name = 'a';

int current(void)
{
	return fds[count - 1];
}

int push(int fd)
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

int do_again(void)
{
	return push(open_file());
}

int do_a(void)
{
	name = 'a';
	return do_again();
}

int do_b(void)
{
	name = 'b';
	return do_again();
}

int do_copy(void)
{
	return push(dup(current()));
}

int do_copy2(void)
{
	return push(dup2(current(), 100 + count));
}

int do_copy_f(void)
{
	return push(fcntl(current(), F_DUPFD, 50));
}

int do_swap(void)
{
	int last = current();

	fds[count - 1] = fds[count - 2];
	fds[count - 2] = last;
	return 0;
}

/* ---- calls and their results --------------------------------------------- */

int do_close(void)
{
	return RESULT_OF(close(fds[--count]));
}

int do_close_range(void)
{
	unsigned first = (unsigned)fds[--count];

	return RESULT_OF(close_range(first, ~0u, 0));
}

int do_close_other(void)
{
	int fd = open_file();

	return RESULT_OF(close(fd));
}

int do_fclose_other(void)
{
	FILE *stream = fdopen(open_file(), "r");

	return RESULT_OF(fclose(stream));
}

/* ---- flock() ------------------------------------------------------------- */

int do_ex(void)
{
	return RESULT_OF(flock(current(), LOCK_EX));
}

int do_ex_nb(void)
{
	return RESULT_OF(flock(current(), LOCK_EX | LOCK_NB));
}

int do_sh(void)
{
	return RESULT_OF(flock(current(), LOCK_SH));
}

int do_sh_nb(void)
{
	return RESULT_OF(flock(current(), LOCK_SH | LOCK_NB));
}

int do_un(void)
{
	return RESULT_OF(flock(current(), LOCK_UN));
}

int do_wrong(void)
{
	return RESULT_OF(flock(current(), 77));
}

void *in_thread(void *argument)
{
	int (*call)(void) = *(int (**)(void))argument;

	return (void *)(intptr_t)call();
}

int call_in_thread(int (*call)(void))
{
	pthread_t thread;
	void *result;

	if (pthread_create(&thread, NULL, in_thread, &call) != 0 ||
	    pthread_join(thread, &result) != 0)
		return -1;
	return (int)(intptr_t)result;
}

int do_ex_in_thread(void)
{
	return call_in_thread(do_ex);
}

/* ---- cancelled threads --------------------------------------------------- */

static int cancelled(int (*call)(void))
{
	pthread_cancel(pthread_self());
	return call();
}

static int un_cancelled(void)
{
	return cancelled(do_un);
}

/* No point at which a thread is cancelled; -1: it was. */
int do_un_though_cancelled(void)
{
	return call_in_thread(un_cancelled);
}

static void close_again(void *unused)
{
	(void)unused;
#ifdef __SANITIZE_ADDRESS__
	/* It does not see that a cancellation leaves close()'s frame, and would
	 * take the next one there for damage. */
	__asan_handle_no_return();
#endif
	close(fds[count]);
}

static int close_cancelled(void)
{
	pthread_cleanup_push(close_again, NULL);
	cancelled(do_close);
	pthread_cleanup_pop(1);
	return 0;
}

int do_close_though_cancelled(void)
{
	call_in_thread(close_cancelled);
	return 0;
}

/* What the child ends with, to tell it from one that was cancelled. */
static int fork_and_end(void)
{
	pid_t child = fork();
	siginfo_t end = { .si_status = -1 };

	if (child == 0)
		_exit(77);
	/* Which waitpid() would be. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	waitid(P_PID, (id_t)child, &end, WEXITED);
	return end.si_status;
}

static int fork_cancelled(void)
{
	return cancelled(fork_and_end);
}

int do_fork_though_cancelled(void)
{
	return call_in_thread(fork_cancelled);
}

/* ---- signals, counting --------------------------------------------------- */

static void ignore(int number)
{
	(void)number;
}

static int handle(int flags)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = flags };

	return sigaction(SIGUSR1, &action, NULL) < 0 ? errno : 0;
}

int do_interrupt(void)
{
	return handle(0);
}

int do_restart(void)
{
	return handle(SA_RESTART);
}

static void unlock(int number)
{
	(void)number;
	flock(current(), LOCK_UN);
}

int do_un_in_handler(void)
{
	signal(SIGUSR1, unlock);
	return raise(SIGUSR1);
}

int do_un_at_term(void)
{
	return signal(SIGTERM, unlock) == SIG_ERR ? errno : 0;
}

int do_cover(void)
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

int do_count_ex(void)
{
	return count_with(do_ex, do_un);
}

int do_count_w(void)
{
	return count_with(do_wait_w, do_set_u);
}

int do_hold(void)
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
