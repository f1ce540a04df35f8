/* SPDX-License-Identifier: MIT */
/* victim_mutex.c - a program with private mutexes, for its threads only. */
#include "config.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "victim.h"
#include "victim_mutex.h"

extern const char __executable_start[];

static pthread_mutex_t hidden_mutex = PTHREAD_MUTEX_INITIALIZER;
__attribute__((visibility("default"))) pthread_mutex_t exported_mutex =
	PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t special_mutex;
static struct {
	char before[40];
	pthread_mutex_t mutex;
} object = { .mutex = PTHREAD_MUTEX_INITIALIZER };

pthread_mutex_t *mutex;

/* It does on purpose what ThreadSanitizer would report. */
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "report_mutex_bugs=0";
}

/* ---- locking ------------------------------------------------------------- */

static int do_lock(void)
{
	return pthread_mutex_lock(mutex);
}

static int do_try(void)
{
	return pthread_mutex_trylock(mutex);
}

struct timespec soon(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	time.tv_nsec += PATIENCE_NS;
	time.tv_sec += time.tv_nsec / 1000000000;
	time.tv_nsec %= 1000000000;
	return time;
}

static int do_timed(void)
{
	struct timespec until = soon(CLOCK_REALTIME);

	return pthread_mutex_timedlock(mutex, &until);
}

static int do_timed_past(void)
{
	struct timespec until = { 1, 0 };

	return pthread_mutex_timedlock(mutex, &until);
}

static int do_timed_wrong(void)
{
	struct timespec until = { 1, 1000000000 };

	return pthread_mutex_timedlock(mutex, &until);
}

static int do_clock(void)
{
	struct timespec until = soon(CLOCK_MONOTONIC);

	return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
}

static int do_clock_wrong(void)
{
	struct timespec until = soon(CLOCK_MONOTONIC);

	return pthread_mutex_clocklock(mutex, CLOCK_PROCESS_CPUTIME_ID, &until);
}

static int do_unlock(void)
{
	return pthread_mutex_unlock(mutex);
}

/* libc has these for programs that are there already. */
static int call_old(const char *name, int (*otherwise)(void))
{
	int (*call)(pthread_mutex_t *);

	*(void **)&call = dlsym(RTLD_DEFAULT, name);
	return call ? call(mutex) : otherwise();
}

static int do_old_lock(void)
{
	return call_old("__pthread_mutex_lock", do_lock);
}

static int do_old_try(void)
{
	return call_old("__pthread_mutex_trylock", do_try);
}

static int do_old_unlock(void)
{
	return call_old("__pthread_mutex_unlock", do_unlock);
}

static int do_consistent(void)
{
	return pthread_mutex_consistent(mutex);
}

/* ---- threads and children ------------------------------------------------ */

static void *run_thread(void *run)
{
	return (void *)(intptr_t)(*(int (**)(void))run)();
}

static int in_thread(int (*run)(void))
{
	pthread_t thread;
	void *result;

	if (pthread_create(&thread, NULL, run_thread, &run) != 0 ||
	    pthread_join(thread, &result) != 0)
		return -1;
	return (int)(intptr_t)result;
}

static int do_try_in_thread(void)
{
	return in_thread(do_try);
}

static int do_unlock_in_thread(void)
{
	return in_thread(do_unlock);
}

static int do_die_in_thread(void)
{
	return in_thread(do_lock);
}

static int do_nap_in_thread(void)
{
	return in_thread(do_timed_nap);
}

static int in_child(int (*run)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(run());
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return errno;
	return WEXITSTATUS(status);
}

static int do_try_in_child(void)
{
	return in_child(do_try);
}

static int unlock_and_try(void)
{
	int result = do_unlock();

	return result ? result : do_try();
}

static int do_unlock_in_child(void)
{
	return in_child(unlock_and_try);
}

static int orders = -1, answers = -1;

static int do_keep_child(void)
{
	int down[2], up[2];
	pid_t child;
	char byte;

	if (pipe(down) < 0 || pipe(up) < 0 || (child = fork()) < 0)
		return errno;
	if (child > 0) {
		orders = down[1];
		answers = up[0];
		close(up[1]);
		return close(down[0]);
	}
	close(down[1]);
	while (read(down[0], &byte, 1) == 1) {
		byte = (char)do_timed();
		if (byte == 0)
			do_unlock();
		if (write(up[1], &byte, 1) != 1)
			break;
	}
	_exit(0);
}

static int do_timed_in_kept(void)
{
	char byte = 0;

	return write(orders, &byte, 1) == 1 && read(answers, &byte, 1) == 1
		       ? byte
		       : -1;
}

static void lock_before(void)
{
	do_lock();
}

static void unlock_after(void)
{
	do_unlock();
}

static int do_fork_with_handlers(void)
{
	int error = pthread_atfork(lock_before, unlock_after, unlock_after);

	return error ? error : in_child(do_try);
}

static int do_fail_to_start(void)
{
	pid_t child = vfork();
	int status;

	if (child == 0) {
		execl("/nonexistent", "nonexistent", NULL);
		_exit(1);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 1 ? 0 : EIO;
}

/* ---- the rest ------------------------------------------------------------ */

static int do_offset(void)
{
	/* But not in a program that is not to be moved. */
	return (int)((const char *)mutex - __executable_start);
}

static void init_special(int type, int robustness)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, type);
	pthread_mutexattr_setrobust(&attributes, robustness);
	pthread_mutex_init(&special_mutex, &attributes);
	mutex = &special_mutex;
}

static pthread_mutex_t *on_the_heap(void)
{
	pthread_mutex_t *made = malloc(sizeof(*made));

	pthread_mutex_init(made, NULL);
	return made;
}

static void choose(const char *name)
{
	plugins = name;
	if (strcmp(name, "hidden") == 0)
		mutex = &hidden_mutex;
	else if (strcmp(name, "exported") == 0)
		mutex = &exported_mutex;
	else if (strcmp(name, "inner") == 0)
		mutex = &object.mutex;
	else if (strcmp(name, "recursive") == 0)
		init_special(PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
	else if (strcmp(name, "checked") == 0)
		init_special(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
	else if (strcmp(name, "robust") == 0)
		init_special(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
	else
		mutex = on_the_heap();
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
#define COMMAND(name) { #name, do_##name },
		VICTIM_MUTEX_COMMANDS(COMMAND){ NULL, NULL }
	};

	if (argc < 2) {
		fprintf(stderr, "usage: victim_mutex WHICH [COMMAND]...\n");
		return 64;
	}
	choose(argv[1]);
	return argc > 2 ? run_all(commands, argv + 2) : serve(commands);
}
