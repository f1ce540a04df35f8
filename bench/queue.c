/* SPDX-License-Identifier: MIT */
/* queue.c - a lock that is held, and processes that are blocked for it. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "bench/fail.h"
#include "bench/proc.h"
#include "bench/queue.h"

#define USEC INT64_C(1000)
#define MSEC (1000 * USEC)

#define LOOK_EVERY (200 * USEC)
#define PATIENCE (10 * 1000 * MSEC)

/* A waiter is blocked if it sleeps and asked so long ago.  One that has spent
 * so much processor time in between spins, and always will. */
#define BLOCKED_AFTER (200 * USEC)
#define SPINS_AFTER (20 * MSEC)

struct queue_shared {
	struct guard guard;
	struct flag over;
	_Atomic int64_t asked; /* when the newest one called acquire; or 0 */
	int64_t held_since;    /* by the holder, before it says who it is */
	_Atomic int holder;    /* its number */
};

static void check(int error, const struct queue *queue, const char *what)
{
	if (error)
		fail("%s: %s: %s", queue->measurement->subject, what,
		     strerror(error));
}

/* What each process does, holder or waiter. */
static void hold_once(void *argument)
{
	const struct queue *queue = argument;
	const struct bench_lock *lock = queue->measurement->lock;
	struct queue_shared *shared = queue->shared;
	int number = queue->started;
	void *opened = lock->open(queue->measurement->name);
	int64_t got;

	if (!opened)
		check(errno, queue, "open");
	atomic_store(&shared->asked, now_ns());
	check(lock->acquire(opened), queue, "acquire");
	got = now_ns();
	guard_enter(&shared->guard, number);
	shared->held_since = got;
	atomic_store(&shared->holder, number);
	flag_wait(&shared->over);
	guard_leave(&shared->guard, number);
	check(lock->release(opened), queue, "release");
	lock->close(opened, false);
}

/* Returns true after a nap, or false if it has come; ends the run if it has
 * gone wrong, or takes too long. */
static bool still(const struct queue *queue, bool come, int64_t since,
		  const char *what)
{
	record_violations(queue->measurement,
			  atomic_load(&queue->shared->guard.violations));
	if (come)
		return false;
	if (now_ns() > since + PATIENCE)
		fail("%s, %s: %s within %d s", queue->measurement->subject,
		     queue->measurement->scenario->name, what,
		     (int)(PATIENCE / (1000 * MSEC)));
	rest_until(now_ns() + LOOK_EVERY);
	return true;
}

/* Where the holder is on the list, or -1: nobody who lives holds the lock. */
static int place_of_holder(const struct queue *queue)
{
	int number = atomic_load(&queue->shared->holder);

	for (int i = 0; i < queue->count; i++)
		if (queue->members[i].number == number)
			return i;
	return -1;
}

/* True if the newest one is. */
static bool is_blocked(const struct queue *queue)
{
	int64_t asked = atomic_load(&queue->shared->asked);
	pid_t pid = queue->members[queue->count - 1].pid;

	if (!asked || now_ns() < asked + BLOCKED_AFTER)
		return false;
	return proc_state(pid) == 'S' || proc_usage(pid).time > SPINS_AFTER;
}

static void start(struct queue *queue)
{
	struct queue_member *member;

	if (queue->count == QUEUE_MAX)
		fail("%s: at most %d processes",
		     queue->measurement->scenario->name, QUEUE_MAX);
	member = &queue->members[queue->count++];
	atomic_store(&queue->shared->asked, 0);
	member->number = ++queue->started;
	member->pid = worker_start(hold_once, queue);
}

void queue_begin(struct queue *queue, const struct measurement *measurement,
		 int waiters)
{
	int64_t begin = now_ns();

	queue->measurement = measurement;
	queue->shared = shared_new(sizeof(*queue->shared));
	queue->started = queue->count = 0;
	start(queue);
	while (still(queue, place_of_holder(queue) == 0, begin,
		     "nobody got the free lock"))
		continue;
	queue_fill(queue, waiters);
}

void queue_fill(struct queue *queue, int waiters)
{
	while (queue->count < 1 + waiters) {
		int64_t begin = now_ns();

		start(queue);
		while (still(queue, is_blocked(queue), begin,
			     "a waiter neither slept nor spun"))
			continue;
	}
}

static void kill_first(struct queue *queue)
{
	worker_kill(queue->members[0].pid);
	queue->count--;
	memmove(&queue->members[0], &queue->members[1],
		(size_t)queue->count * sizeof(queue->members[0]));
}

static void put_first(struct queue *queue, int index)
{
	struct queue_member holder = queue->members[index];

	memmove(&queue->members[1], &queue->members[0],
		(size_t)index * sizeof(holder));
	queue->members[0] = holder;
}

int64_t queue_kill(struct queue *queue, bool first_waiter_too)
{
	struct queue_shared *shared = queue->shared;
	int64_t begin;
	int place;

	atomic_store(&shared->guard.doomed, queue->members[0].number);
	if (first_waiter_too)
		kill(queue->members[1].pid, SIGKILL);
	begin = now_ns();
	kill_first(queue);
	if (first_waiter_too)
		kill_first(queue);
	while (still(queue, (place = place_of_holder(queue)) >= 0, begin,
		     "no waiter got the lock of the killed holder"))
		continue;
	put_first(queue, place);
	return shared->held_since - begin;
}

void queue_end(struct queue *queue)
{
	flag_raise(&queue->shared->over);
	for (int i = 0; i < queue->count; i++)
		worker_end(queue->members[i].pid);
	record_violations(queue->measurement,
			  atomic_load(&queue->shared->guard.violations));
	shared_free(queue->shared, sizeof(*queue->shared));
}

void queue_check(const struct measurement *measurement)
{
	struct queue queue;

	queue_begin(&queue, measurement, 1);
	queue_end(&queue);
}
