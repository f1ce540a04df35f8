/* SPDX-License-Identifier: MIT */
/* test_crowd.c - more waiters than the queue has room for. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "support/faults.h"
#include "support/support.h"
#include "support/thread.h"

#define CROWD 5000
#define CROWD_SLOW 100 /* what valgrind is patient with */

/* Also outside of a crowd the process needs some. */
#define OTHER_FDS 100

/* How many waiters a test has, and how many find room in the queue. */
struct crowd {
	int size;
	int queue;
	struct faults *faults;
};

static int system_queue(void)
{
	FILE *file = fopen("/proc/sys/net/core/somaxconn", "re");
	int length = 128;

	if (file && fscanf(file, "%d", &length) != 1)
		length = 128;
	if (file)
		fclose(file);
	return length + 1;
}

static int allowed_fds(void)
{
	struct rlimit limit;

	require(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max;
	require(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	return limit.rlim_cur > INT32_MAX ? INT32_MAX : (int)limit.rlim_cur;
}

/* Where the system does not allow that many, the queue is made shorter, so
 * that there are always some beyond it. */
static void crowd_gather(struct crowd *crowd)
{
	int allowed = allowed_fds() - OTHER_FDS;

	crowd->size = is_slow() ? CROWD_SLOW : CROWD;
	if (crowd->size > allowed) {
		crowd->size = allowed;
		print_message("RLIMIT_NOFILE: %d waiters in place of %d\n",
			      crowd->size, CROWD);
	}
	crowd->queue = system_queue();
	crowd->faults = faults_new();
	if (crowd->queue > crowd->size * 9 / 10) {
		crowd->queue = crowd->size * 9 / 10;
		crowd->faults->backlog = crowd->queue - 1;
	}
	faults_use(crowd->faults);
}

static void crowd_dismiss(struct crowd *crowd)
{
	faults_use(NULL);
	faults_free(crowd->faults);
}

static portlock_t *open_sleepy(const char *key, int32_t sleep_ms)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	portlock_t *lock;

	options.sleep_ms = sleep_ms;
	require(portlock_open(&lock, key, &options) == 0);
	return lock;
}

/* ---- all of them get it -------------------------------------------------- */

struct turns {
	portlock_t *lock;
	struct guarded guarded;
};

static void *take_a_turn(void *argument)
{
	struct turns *turns = argument;

	require(portlock_acquire_for(turns->lock, -1) == 0);
	guarded_touch(&turns->guarded);
	require(portlock_release(turns->lock) == 0);
	return NULL;
}

static pthread_t small_thread(void *(*body)(void *), void *argument)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 256 * 1024);
	require(pthread_create(&thread, &attributes, body, argument) == 0);
	pthread_attr_destroy(&attributes);
	return thread;
}

struct pausing {
	struct faults *faults;
	int count;
};

static bool have_paused(void *argument)
{
	struct pausing *pausing = argument;

	return atomic_load(&pausing->faults->pauses) >= pausing->count;
}

static void all_of_more_waiters_than_the_queue_holds_get_the_lock(void **state)
{
	struct key *key = *state;
	struct turns turns = { .lock = open_sleepy(key->text, 100) };
	struct crowd crowd;
	struct pausing beyond;
	pthread_t *threads;

	crowd_gather(&crowd);
	threads = calloc((size_t)crowd.size, sizeof(*threads));
	assert_non_null(threads);
	assert_int_equal(portlock_acquire(turns.lock), 0);
	for (int i = 0; i < crowd.size; i++)
		threads[i] = small_thread(take_a_turn, &turns);
	wait_for_queue(key->text, crowd.queue);
	beyond = (struct pausing){ crowd.faults, crowd.size - crowd.queue };
	wait_until(have_paused, &beyond);
	portlock_release(turns.lock);
	for (int i = 0; i < crowd.size; i++)
		thread_end(threads[i]);
	assert_int_equal(turns.guarded.value, crowd.size);
	assert_int_equal(turns.guarded.violations, 0);
	free(threads);
	portlock_close(turns.lock);
	crowd_dismiss(&crowd);
}

/* ---- one behind a queue of the dead -------------------------------------- */

#define IMPATIENT 50

struct impatient {
	const char *key;
	portlock_t *lock;
	int count;
};

static void *time_out_again_and_again(void *argument)
{
	struct impatient *impatient = argument;

	for (int i = 0; i < impatient->count; i++)
		require(portlock_acquire_for(impatient->lock, 1) == -ETIMEDOUT);
	return NULL;
}

static void fill_the_queue_with_the_dead(const struct crowd *crowd,
					 struct impatient *impatient)
{
	pthread_t threads[IMPATIENT];

	impatient->lock = open_sleepy(impatient->key, 1);
	impatient->count = (crowd->size + IMPATIENT - 1) / IMPATIENT;
	for (int i = 0; i < IMPATIENT; i++)
		threads[i] = thread_start(time_out_again_and_again, impatient);
	for (int i = 0; i < IMPATIENT; i++)
		thread_end(threads[i]);
	/* Not a look at once: while others' sockets come and go, a look at the
	 * kernel's list can miss some. */
	wait_for_queue(impatient->key, crowd->queue);
	portlock_close(impatient->lock);
}

#define SLEEP_MS 20

struct last {
	const char *key;
	struct faults *faults;
};

static void come_last(struct child *parent, void *argument)
{
	struct last *last = argument;
	portlock_t *lock = open_sleepy(last->key, SLEEP_MS);

	faults_use(last->faults);
	say(parent, portlock_acquire_for(lock, -1));
	portlock_close(lock);
}

/* It cannot join the queue and asks again, after sleep_ms at the latest. */
static void a_waiter_behind_a_queue_of_the_dead_gets_the_lock(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct impatient impatient = { .key = key->text };
	struct last last = { key->text, faults_new() };
	struct pausing pausing = { last.faults, 20 };
	struct crowd crowd;
	struct child *child;

	crowd_gather(&crowd);
	assert_int_equal(portlock_acquire(lock), 0);
	fill_the_queue_with_the_dead(&crowd, &impatient);
	child = child_start(come_last, &last);
	wait_until(have_paused, &pausing);
	assert_false(has_said(child));
	portlock_release(lock);
	assert_int_equal(hear(child), 0);
	assert_true(last.faults->pause_longest <= SLEEP_MS * INT64_C(1000000));
	assert_int_equal(child_end(child), 0);
	portlock_close(lock);
	faults_free(last.faults);
	crowd_dismiss(&crowd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(all_of_more_waiters_than_the_queue_holds_get_the_lock),
		with_key(a_waiter_behind_a_queue_of_the_dead_gets_the_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
