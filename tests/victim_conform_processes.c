/* SPDX-License-Identifier: MIT */
/* victim_conform_processes.c - what is to be seen of semaphores that several
 * processes use.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "victim_conform.h"

#define CHILDREN 32
#define ROUNDS 10
#define ITEMS 60
#define ROOM 3

/* What they share. */
struct common {
	sem_t mutex, event; /* by sem_init() */
	long count;	    /* loaded, then stored */
	atomic_int inside, most;
	int items[ROOM];
	int order, sum; /* as consumed */
};

static struct common *common;
static sem_t *inherited; /* across fork() */

/* ---- many at one semaphore ----------------------------------------------- */

static void touch(void)
{
	int inside = atomic_fetch_add(&common->inside, 1) + 1;
	int most = atomic_load(&common->most);
	long count = common->count;

	while (most < inside &&
	       !atomic_compare_exchange_weak(&common->most, &most, inside))
		continue;
	sched_yield();
	common->count = count + 1;
	atomic_fetch_sub(&common->inside, 1);
}

static int take_turns(sem_t *sem)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (sem_wait(sem) < 0)
			return 1;
		touch();
		if (sem_post(sem) < 0)
			return 1;
	}
	return 0;
}

static int with_inherited(int number)
{
	(void)number;
	return take_turns(inherited);
}

static int with_own(int number)
{
	sem_t *sem = sem_open(name_of("turns"), 0);

	(void)number;
	return sem == SEM_FAILED || take_turns(sem) || sem_close(sem) < 0;
}

static int with_unnamed(int number)
{
	(void)number;
	return take_turns(&common->mutex);
}

static void turns_of(const char *what, int (*run)(int), int most)
{
	common->count = 0;
	common->most = 0;
	printf("%s ", what);
	show_number("children that went well", in_children(CHILDREN, run));
	/* With more than one inside counts are lost. */
	if (most == 1)
		show_number("count", common->count);
	show_number("too many at a time", common->most > most);
}

static void turns(void)
{
	for (int value = 1; value < 6; value += 4) {
		inherited = make("turns", (unsigned)value);
		turns_of("inherited", with_inherited, value);
		turns_of("opened", with_own, value);
		show_value("value", inherited);
		unmake(inherited, "turns");
	}
	show("init", sem_init(&common->mutex, 1, 1));
	turns_of("unnamed", with_unnamed, 1);
	show("destroy", sem_destroy(&common->mutex));
}

/* The parent has it when they begin to wait. */
static int once(int number)
{
	(void)number;
	if (sem_wait(inherited) < 0)
		return 1;
	touch();
	return sem_post(inherited) < 0;
}

static void children_of_a_holder(void)
{
	inherited = make("holder", 1);
	common->count = 0;
	show("wait", sem_wait(inherited));
	start_children(CHILDREN, once);
	touch();
	show("post", sem_post(inherited));
	show_number("children that went well", end_children());
	show_number("count", common->count);
	show_value("value", inherited);
	unmake(inherited, "holder");
}

/* ---- one posts what another waits for ------------------------------------ */

static int produce_and_consume(int number)
{
	sem_t *room = sem_open(name_of("room"), 0);
	sem_t *full = sem_open(name_of("full"), 0);

	if (room == SEM_FAILED || full == SEM_FAILED)
		return 1;
	for (int i = 0; i < ITEMS; i++) {
		if (sem_wait(number ? full : room) < 0)
			return 1;
		if (number) {
			common->order += common->items[i % ROOM] == i;
			common->sum += common->items[i % ROOM];
		} else {
			common->items[i % ROOM] = i;
		}
		if (sem_post(number ? room : full) < 0)
			return 1;
	}
	return sem_close(room) < 0 || sem_close(full) < 0;
}

static int wait_for_event(int number)
{
	(void)number;
	return sem_wait(&common->event) < 0;
}

static int post_event(int number)
{
	(void)number;
	return sem_post(&common->event) < 0;
}

static int wait_or_post(int number)
{
	return number % 2 ? wait_for_event(number) : post_event(number);
}

static void events(void)
{
	sem_t *room = make("room", ROOM), *full = make("full", 0);

	show_number("producer, consumer", in_children(2, produce_and_consume));
	show_number("in order", common->order);
	show_number("sum", common->sum);
	show_value("room", room);
	show_value("full", full);
	unmake(room, "room");
	unmake(full, "full");
	show("init", sem_init(&common->event, 1, 0));
	show_number("waits and posts", in_children(CHILDREN, wait_or_post));
	show_value("value", &common->event);
	show("destroy", sem_destroy(&common->event));
}

/* ---- ends ---------------------------------------------------------------- */

static int take_two(int number)
{
	(void)number;
	return sem_wait(inherited) < 0 || sem_wait(inherited) < 0;
}

static int take_and_die(int number)
{
	(void)number;
	if (sem_wait(inherited) < 0)
		return 1;
	raise(SIGKILL);
	return 1;
}

static void ends(void)
{
	inherited = make("ends", 5);
	show_number("took two", in_children(1, take_two));
	show_value("value", inherited);
	show_number("died", in_children(1, take_and_die));
	show_value("value", inherited);
	unmake(inherited, "ends");
	/* That is what the shim is for. */
	inherited = make("mutex", 1);
	show_number("died", in_children(1, take_and_die));
	show_value("value of a dead holder's mutex", inherited);
	show("try of a dead holder's mutex", sem_trywait(inherited));
	unmake(inherited, "mutex");
}

void conform_processes(void)
{
	common = shared_memory(sizeof(*common));
	turns();
	children_of_a_holder();
	events();
	ends();
}
