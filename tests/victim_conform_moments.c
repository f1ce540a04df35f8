/* SPDX-License-Identifier: MIT */
/* victim_conform_moments.c - semaphores at odd moments: before main() and after
 * it, in a thread that is being cancelled, in a library that binds to itself.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "victim_conform.h"

#define ROUNDS 100

/* The address sanitizer refuses it. */
#if defined(__SANITIZE_ADDRESS__)
#define DEEPBIND 0
#else
#define DEEPBIND RTLD_DEEPBIND
#endif

/* ---- before main() ------------------------------------------------------- */

static sem_t *early;
static pthread_t early_thread;
static int early_rounds;

static void *use_early(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		if (sem_wait(early) == 0 && sem_post(early) == 0)
			early_rounds++;
	return unused;
}

__attribute__((constructor)) static void start_early(void)
{
	char name[64];

	snprintf(name, sizeof(name), "/portlock-test-early-%d", (int)getpid());
	early = sem_open(name, O_CREAT | O_EXCL, 0600, 1);
	sem_unlink(name);
	if (early != SEM_FAILED)
		pthread_create(&early_thread, NULL, use_early, NULL);
}

static void begin(void)
{
	pthread_join(early_thread, NULL);
	show_number("rounds of a thread from before main", early_rounds);
	show("close", sem_close(early));
}

/* ---- after it ------------------------------------------------------------ */

static sem_t *late;

static void post_late(void)
{
	sem_post(late);
}

static int exit_and_post(int number)
{
	if (number ? at_quick_exit(post_late) : atexit(post_late))
		return 1;
	if (sem_wait(late) < 0)
		return 1;
	if (number)
		quick_exit(0);
	exit(0);
}

static void end(void)
{
	late = make("late", 1);
	show_number("ended", in_children(2, exit_and_post));
	show_value("posted at exit", late);
	unmake(late, "late");
}

/* ---- cancelled threads --------------------------------------------------- */

static int done; /* calls before the end */

static void *post_though_cancelled(void *sem)
{
	int value;

	pthread_cancel(pthread_self());
	done += sem_trywait(sem) == 0;
	done += sem_getvalue(sem, &value) == 0;
	done += sem_post(sem) == 0;
	pthread_testcancel();
	return NULL;
}

static void *wait_though_cancelled(void *sem)
{
	pthread_cancel(pthread_self());
	done += sem_wait(sem) == 0;
	pthread_testcancel();
	return NULL;
}

static void cancel(const char *what, void *(*body)(void *), sem_t *sem)
{
	pthread_t thread;
	void *result;

	done = 0;
	pthread_create(&thread, NULL, body, sem);
	pthread_join(thread, &result);
	printf("%s: %d calls, cancelled %d, ", what, done,
	       result == PTHREAD_CANCELED);
	show_value("value", sem);
}

static void cancelled(void)
{
	for (unsigned value = 1; value < 3; value++) {
		sem_t *sem = make("cancel", value);

		cancel("post", post_though_cancelled, sem);
		cancel("wait", wait_though_cancelled, sem);
		show("try", sem_trywait(sem));
		show("post", sem_post(sem));
		unmake(sem, "cancel");
	}
}

/* ---- libraries ----------------------------------------------------------- */

/* Its constructor takes the semaphore; and this process dies. */
static int load_and_die(int number)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);

	(void)number;
	if (length < 0)
		return 1;
	path[length] = '\0';
	strcpy(strrchr(path, '/'), "/.libs/libholder.so");
	setenv("HOLD_SEMAPHORE", name_of("deep"), 1);
	if (!dlopen(path, RTLD_NOW | DEEPBIND))
		return 0;
	raise(SIGKILL);
	return 1;
}

static void deep(void)
{
	sem_t *sem = make("deep", 1);

	show_number("without the library", in_children(1, load_and_die));
	show_value("value of a dead holder's mutex", sem);
	unmake(sem, "deep");
}

void conform_moments(void)
{
	begin();
	end();
	cancelled();
	deep();
}
