/* SPDX-License-Identifier: MIT */
/* sem.c - POSIX semaphores, with a name and without. */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <stdio.h>

#include "bench/calls.h"
#include "bench/calls/checked.h"

static sem_t unnamed, *semaphore;
static char semaphore_name[NAME_MAX];

static void name_semaphore(const char *name)
{
	snprintf(semaphore_name, sizeof(semaphore_name), "/%s", name);
}

static void make_named(const char *name)
{
	name_semaphore(name);
	semaphore = sem_open(semaphore_name, O_CREAT | O_EXCL, 0600, 1);
	checked(semaphore == SEM_FAILED ? -1 : 0, "sem_open");
	sem_close(semaphore);
}

static void remove_named(void)
{
	if (semaphore)
		sem_unlink(semaphore_name);
	semaphore = NULL;
}

static void open_named(const char *name)
{
	name_semaphore(name);
	semaphore = sem_open(semaphore_name, 0);
	checked(semaphore == SEM_FAILED ? -1 : 0, "sem_open");
}

static void open_unnamed(const char *name)
{
	(void)name;
	semaphore = &unnamed;
	checked(sem_init(semaphore, 0, 1), "sem_init");
}

static void wait_for(void)
{
	checked(sem_wait(semaphore), "sem_wait");
}

static void post(void)
{
	checked(sem_post(semaphore), "sem_post");
}

const struct call call_sem = {
	.name = "sem",
	.family = "sem",
	.matched = "*",
	.unmatched = "sem /none",
	.locks = true,
	.make = make_named,
	.remove = remove_named,
	.begin = open_named,
	.take = wait_for,
	.give = post,
};

/* No rule names it. */
const struct call call_sem_unnamed = {
	.name = "sem-unnamed",
	.family = "sem",
	.matched = "*",
	.unmatched = "sem /none",
	.begin = open_unnamed,
	.take = wait_for,
	.give = post,
};
