/* SPDX-License-Identifier: MIT */
/* victim_trace.c - calls what takes locks by bad pointers, and in threads that
 * are about to be cancelled; has a mutex that is waited for.
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "victim.h"

#define STATUS 7

static char *path; /* that nothing has */

/* ---- pointers ------------------------------------------------------------ */

static int refused(const char *call, int result)
{
	if (result == -1 && errno == EFAULT)
		return 0;
	fprintf(stderr, "%s returned %d, %s\n", call, result, strerror(errno));
	return EINVAL;
}

/* All of them, by one that leads nowhere. */
static int use_pointer(void *volatile nowhere)
{
	int error = 0;

	error |= refused("fcntl", fcntl(0, F_SETLK, nowhere));
	error |= refused("fcntl", fcntl(0, F_SETLKW, nowhere));
	error |= refused("fcntl", fcntl(0, F_OFD_SETLK, nowhere));
	error |= refused("semop", semop(0, nowhere, 1));
	error |= refused("semtimedop", semtimedop(0, nowhere, 1, NULL));
	error |= refused("open", open(nowhere, O_CREAT | O_EXCL, 0600));
	error |= refused("link", link("/", nowhere));
	error |= refused("mkdir", mkdir(nowhere, 0700));
	error |= refused("unlink", unlink(nowhere));
	error |= refused("rename", rename(path, nowhere));
	return error;
}

static int do_null(void)
{
	return use_pointer(NULL);
}

static int do_wild(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *nowhere =
		mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int error;

	if (nowhere == MAP_FAILED)
		return errno;
	error = use_pointer(nowhere);
	munmap(nowhere, size);
	return error;
}

/* ---- cancellation -------------------------------------------------------- */

/* None of these is a point where a thread is cancelled. */
static void *make_and_remove(void *went_on)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	pthread_cancel(pthread_self());
	if (mkdir(path, 0700) == 0 && rmdir(path) == 0 &&
	    symlink("x", path) == 0 && unlink(path) == 0 &&
	    flock(fd, LOCK_SH | LOCK_NB) == 0 && flock(fd, LOCK_UN) == 0)
		*(bool *)went_on = true;
	pthread_testcancel();
	return NULL;
}

static int do_cancelled(void)
{
	bool went_on = false;
	pthread_t thread;
	void *result;
	int error = pthread_create(&thread, NULL, make_and_remove, &went_on);

	if (error)
		return error;
	pthread_join(thread, &result);
	return went_on && result == PTHREAD_CANCELED ? 0 : ECANCELED;
}

static int do_cancelled_exit(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		pthread_cancel(pthread_self());
		_exit(STATUS);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == STATUS ? 0
								  : ECANCELED;
}

/* ---- mutexes ------------------------------------------------------------- */

static pthread_mutex_t waited_mutex = PTHREAD_MUTEX_INITIALIZER;

static void *lock_and_unlock(void *unused)
{
	pthread_mutex_lock(&waited_mutex);
	pthread_mutex_unlock(&waited_mutex);
	return unused;
}

/* A thread waits for it, as libc's own mark says: 2. */
static int do_waited(void)
{
	pthread_t thread;
	int error;

	pthread_mutex_lock(&waited_mutex);
	error = pthread_create(&thread, NULL, lock_and_unlock, NULL);
#ifdef __GLIBC__
	while (!error && __atomic_load_n(&waited_mutex.__data.__lock,
					 __ATOMIC_RELAXED) != 2)
		sched_yield();
#endif
	pthread_mutex_unlock(&waited_mutex);
	return error ? error : pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
		{ "null", do_null },
		{ "wild", do_wild },
		{ "cancelled", do_cancelled },
		{ "cancelled_exit", do_cancelled_exit },
		{ "waited", do_waited },
		{ NULL, NULL },
	};

	if (argc < 3) {
		fprintf(stderr, "usage: victim_trace PATH COMMAND...\n");
		return 64;
	}
	path = argv[1];
	return run_all(commands, argv + 2);
}
