/* SPDX-License-Identifier: MIT */
/* victim_conform_wait.c - what is to be seen of waits and posts in one process:
 * values, deadlines, signals.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

#include "victim_conform.h"

#define TICK 5000  /* us */
#define LATER 1000 /* s */

/* ---- values and deadlines ------------------------------------------------ */

static struct timespec in_ns(clockid_t clock, long ns)
{
	struct timespec time;

	clock_gettime(clock, &time);
	time.tv_nsec += ns;
	time.tv_sec += time.tv_nsec / 1000000000;
	time.tv_nsec %= 1000000000;
	return time;
}

/* Every wait that must not block, or not for ever. */
static void waits(sem_t *sem)
{
	struct timespec soon = in_ns(CLOCK_REALTIME, 20000000);
	struct timespec ticks = in_ns(CLOCK_MONOTONIC, 20000000);
	struct timespec past = { 1, 0 }, before = { -1, 0 };
	struct timespec wrong = { 1, 1000000000 }, negative = { 1, -1 };

	show("try", sem_trywait(sem));
	show("timed", sem_timedwait(sem, &soon));
	show("timed, past", sem_timedwait(sem, &past));
	show("timed, before 1970", sem_timedwait(sem, &before));
	show("timed, wrong", sem_timedwait(sem, &wrong));
	show("timed, negative", sem_timedwait(sem, &negative));
	show("clock", sem_clockwait(sem, CLOCK_MONOTONIC, &ticks));
	show("clock, past", sem_clockwait(sem, CLOCK_REALTIME, &past));
	show("clock, wrong", sem_clockwait(sem, CLOCK_REALTIME, &wrong));
	show("clock, none",
	     sem_clockwait(sem, CLOCK_PROCESS_CPUTIME_ID, &past));
}

static void values(void)
{
	static const unsigned values[] = { 0, 1, 2, 5 };
	struct timespec far = { sizeof(time_t) == 8 ? (time_t)INT64_MAX
						    : (time_t)INT32_MAX,
				0 };

	for (int i = 0; i < 4; i++) {
		sem_t *sem = make("v", values[i]);
		int taken = 0;

		show_value("value", sem);
		waits(sem);
		show_value("value", sem);
		while (sem_trywait(sem) == 0)
			taken++;
		show_number("left", taken);
		waits(sem);
		for (unsigned post = 0; post < 3; post++)
			show("post", sem_post(sem));
		show_value("value", sem);
		show("timed, in the far future", sem_timedwait(sem, &far));
		show("wait", sem_wait(sem));
		unmake(sem, "v");
	}
}

static void overflow(void)
{
	sem_t *sem = make("o", SEM_VALUE_MAX), own;

	show("post", sem_post(sem));
	show_value("value", sem);
	show("wait", sem_wait(sem));
	show("post", sem_post(sem));
	unmake(sem, "o");
	show("init", sem_init(&own, 0, (unsigned)SEM_VALUE_MAX + 1));
	show("init", sem_init(&own, 0, SEM_VALUE_MAX));
	show("post", sem_post(&own));
	show("destroy", sem_destroy(&own));
}

static void unnamed(void)
{
	sem_t sem;

	for (unsigned value = 0; value < 3; value++) {
		show("init", sem_init(&sem, 0, value));
		waits(&sem);
		show("post", sem_post(&sem));
		show_value("value", &sem);
		show("destroy", sem_destroy(&sem));
	}
}

/* ---- signals ------------------------------------------------------------- */

static sem_t *ticking;
static volatile sig_atomic_t ticks, posts_at;

static void tick(int number)
{
	(void)number;
	if (++ticks == posts_at)
		sem_post(ticking);
}

/* A timer that goes off again and again, whose handler once posts. */
static void start_ticking(sem_t *sem, int flags, int posts)
{
	struct itimerval every = { { 0, TICK }, { 0, TICK } };
	struct sigaction action = { .sa_handler = tick, .sa_flags = flags };

	ticking = sem;
	ticks = 0;
	posts_at = posts;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

/* An emulator may deliver the last tick only now: it must not kill. */
static void stop_ticking(void)
{
	struct itimerval never = { { 0, 0 }, { 0, 0 } };

	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_IGN);
}

/* The semaphore is taken by us: whoever waits for it waits. */
static void interrupted(sem_t *sem)
{
	struct timespec later = in_ns(CLOCK_REALTIME, 0);
	struct timespec at = in_ns(CLOCK_MONOTONIC, 0);

	/* However busy the machine is, a tick comes first. */
	later.tv_sec += LATER;
	at.tv_sec += LATER;
	start_ticking(sem, 0, 0);
	show("wait", sem_wait(sem));
	show("timed", sem_timedwait(sem, &later));
	show("clock", sem_clockwait(sem, CLOCK_MONOTONIC, &at));
	stop_ticking();
	start_ticking(sem, SA_RESTART, 0);
	show("timed, restart", sem_timedwait(sem, &later));
	stop_ticking();
	/* It goes on, and the handler ends it. */
	start_ticking(sem, SA_RESTART, 3);
	show("wait, restart", sem_wait(sem));
	show_number("ticks enough", ticks >= 3);
	stop_ticking();
	show_value("value", sem);
}

static void signals(void)
{
	for (unsigned value = 0; value < 3; value++) {
		sem_t *sem = make("s", value);

		while (sem_trywait(sem) == 0)
			continue;
		interrupted(sem);
		unmake(sem, "s");
	}
}

/* ---- threads ------------------------------------------------------------- */

static void *wait_and_post(void *sem)
{
	for (int i = 0; i < 50; i++)
		if (sem_wait(sem) < 0 || sem_post(sem) < 0)
			return sem;
	return NULL;
}

static void *wait_once(void *sem)
{
	sem_wait(sem);
	return NULL;
}

static void threads(void)
{
	pthread_t many[4];
	void *wrong;
	sem_t *sem;

	for (unsigned value = 1; value < 4; value += 2) {
		int good = 0;

		sem = make("t", value);
		for (int i = 0; i < 4; i++)
			pthread_create(&many[i], NULL, wait_and_post, sem);
		for (int i = 0; i < 4; i++) {
			pthread_join(many[i], &wrong);
			good += !wrong;
		}
		show_number("threads", good);
		show_value("value", sem);
		unmake(sem, "t");
	}
	sem = make("event", 0);
	pthread_create(&many[0], NULL, wait_once, sem);
	pthread_cancel(many[0]);
	pthread_join(many[0], &wrong);
	show_number("cancelled", wrong == PTHREAD_CANCELED);
	show_value("value", sem);
	unmake(sem, "event");
}

void conform_wait(void)
{
	values();
	overflow();
	unnamed();
	signals();
	threads();
}
