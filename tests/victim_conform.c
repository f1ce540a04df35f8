/* SPDX-License-Identifier: MIT */
/* victim_conform.c - a program that goes through all that the manuals say of
 * POSIX semaphores, and prints a line for each observation.
 *
 *	victim_conform NAME
 *
 * No line depends on addresses, times or process ids.  This file: names, and
 * what is opened, closed, unlinked.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "victim_conform.h"

#define MANY 300 /* semaphores open at a time */

static const char *prefix;

const char *name_of(const char *kind)
{
	static char names[4][NAME_MAX];
	static int turn;
	char *name = names[turn++ % 4];

	snprintf(name, NAME_MAX, "%s-%s", prefix, kind);
	return name;
}

void show(const char *what, int result)
{
	const char *error = strerrorname_np(errno);

	printf("%s: %s\n", what, result == 0 ? "ok" : error);
}

void show_open(const char *what, const sem_t *sem)
{
	show(what, sem == SEM_FAILED);
}

void show_number(const char *what, long number)
{
	printf("%s: %ld\n", what, number);
}

void show_value(const char *what, sem_t *sem)
{
	int value = -1;

	sem_getvalue(sem, &value);
	show_number(what, value);
}

sem_t *make(const char *kind, unsigned value)
{
	sem_t *sem = sem_open(name_of(kind), O_CREAT | O_EXCL, 0600, value);

	if (sem == SEM_FAILED) {
		perror(kind);
		exit(1);
	}
	return sem;
}

void unmake(sem_t *sem, const char *kind)
{
	show("close", sem_close(sem));
	show("unlink", sem_unlink(name_of(kind)));
}

void start_children(int count, int (*run)(int number))
{
	fflush(stdout);
	for (int i = 0; i < count; i++)
		if (fork() == 0)
			_exit(run(i));
}

int end_children(void)
{
	int good = 0, status;

	while (wait(&status) > 0)
		good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return good;
}

int in_children(int count, int (*run)(int number))
{
	start_children(count, run);
	return end_children();
}

void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(1);
	return memory;
}

/* ---- names --------------------------------------------------------------- */

static void names(void)
{
	static const char *const wrong[] = { "", "/", "//", "/a/b", "a/b" };
	char name[NAME_MAX + 8];
	sem_t *sem;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		printf("'%s' ", wrong[i]);
		show_open("open", sem_open(wrong[i], 0));
		show_open("create", sem_open(wrong[i], O_CREAT, 0600, 1));
		show("unlink", sem_unlink(wrong[i]));
	}
	/* The longest one that libc takes, and one more. */
	for (int length = NAME_MAX - 4; length <= NAME_MAX - 3; length++) {
		int used = snprintf(name, sizeof(name), "%s-", prefix);

		memset(name + used, 'x', (size_t)(1 + length - used));
		name[1 + length] = '\0';
		sem = sem_open(name, O_CREAT, 0600, 1);
		show_open("long", sem);
		if (sem != SEM_FAILED)
			sem_close(sem);
		show("unlink", sem_unlink(name));
	}
	/* With no slash, and with two, it is the same one. */
	snprintf(name, sizeof(name), "/%s", name_of("slash"));
	sem = sem_open(name_of("slash") + 1, O_CREAT, 0600, 1);
	show_open("no slash", sem);
	show_open("two slashes", sem_open(name, O_CREAT | O_EXCL, 0600, 1));
	unmake(sem, "slash");
}

/* ---- opening ------------------------------------------------------------- */

static void opening(void)
{
	sem_t *sem, *other;

	show_open("absent", sem_open(name_of("a"), 0));
	show("unlink absent", sem_unlink(name_of("a")));
	show_open("too much", sem_open(name_of("a"), O_CREAT, 0600,
				       (unsigned)SEM_VALUE_MAX + 1));
	sem = make("a", 1);
	show_open("exclusive",
		  sem_open(name_of("a"), O_CREAT | O_EXCL, 0600, 1));
	/* Value and mode are not looked at if it is there. */
	other = sem_open(name_of("a"), O_CREAT, 0, 7);
	show_number("the same pointer", other == sem);
	show_value("value", other);
	show("wait", sem_wait(other));
	show("close one of two", sem_close(other));
	show_value("value", sem);
	show("post", sem_post(sem));
	other = make("b", 1);
	show_number("another name's", other == sem);
	show("wait a", sem_wait(sem));
	show("wait b", sem_wait(other));
	show("post a", sem_post(sem));
	show("post b", sem_post(other));
	unmake(other, "b");
	unmake(sem, "a");
	show_open("after unlink", sem_open(name_of("a"), 0));
}

static void *open_it(void *unused)
{
	(void)unused;
	return sem_open(name_of("threads"), 0);
}

static void opening_in_threads(void)
{
	sem_t *sem = make("threads", 1);
	pthread_t threads[8];
	void *seen;
	int same = 0;

	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, open_it, NULL);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], &seen);
		same += seen == sem;
	}
	show_number("threads with the same pointer", same);
	for (int i = 0; i < 8; i++)
		show("close", sem_close(sem));
	show("try", sem_trywait(sem));
	show("post", sem_post(sem));
	unmake(sem, "threads");
}

/* It lives on without its name, and another one can have that. */
static void unlinked(void)
{
	sem_t *sem = make("u", 1), *other;

	show("wait", sem_wait(sem));
	show("unlink", sem_unlink(name_of("u")));
	show("unlink again", sem_unlink(name_of("u")));
	show("try", sem_trywait(sem));
	other = make("u", 1);
	show_number("the same pointer", other == sem);
	show_value("old", sem);
	show_value("new", other);
	show("try new", sem_trywait(other));
	show("post old", sem_post(sem));
	show_value("old", sem);
	show_value("new", other);
	show("try new", sem_trywait(other));
	show("post new", sem_post(other));
	show("close old", sem_close(sem));
	unmake(other, "u");
}

static void many(void)
{
	sem_t *sems[MANY];
	char kind[16];
	int good = 0;

	for (int i = 0; i < MANY; i++) {
		snprintf(kind, sizeof(kind), "many%d", i);
		sems[i] = make(kind, 1);
		sem_unlink(name_of(kind));
		good += sem_trywait(sems[i]) == 0;
	}
	for (int i = 0; i < MANY; i++) {
		good += sem_trywait(sems[i]) < 0 && errno == EAGAIN;
		good += sem_post(sems[i]) == 0;
		good += sem_close(sems[i]) == 0;
	}
	show_number("calls that went well", good);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: victim_conform NAME\n");
		return 64;
	}
	prefix = argv[1];
	names();
	opening();
	opening_in_threads();
	unlinked();
	many();
	conform_permissions();
	conform_wait();
	conform_processes();
	conform_moments();
	return 0;
}
