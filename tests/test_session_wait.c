/* SPDX-License-Identifier: MIT */
/* test_session_wait.c - transport etcd while the cluster's lock is not ours:
 * how the wait for it ends, and what answers make of it.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/internal.h"
#include "support/cluster.h"
#include "support/support.h"
#include "support/thread.h"

/* ms: a helper is started and heard in that, also where much runs at once. */
#define TIME_TO_HEAR 3000

/* A thread that acquires, and when it has asked the cluster. */
static void begin(struct waiter *waiter, portlock_t *lock, int64_t timeout_ms)
{
	int asked = cluster->acquires;

	waiter_start(waiter, lock, timeout_ms);
	cluster_await(&cluster->acquires, asked + 1);
}

static void assert_detail(portlock_t *lock, const char *expected)
{
	char detail[256];

	assert_int_equal(portlock_detail(lock, detail, sizeof(detail)), 0);
	assert_string_equal(detail, expected);
}

/* ---- ends of a wait ------------------------------------------------------- */

static void a_timeout_leaves_the_clusters_queue(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");
	int64_t start = now_ns();

	cluster_elsewhere(cluster, true);
	assert_int_equal(portlock_acquire_for(lock, TIME_TO_HEAR), -ETIMEDOUT);
	assert_true(now_ns() - start >= TIME_TO_HEAR * PL_MSEC);
	cluster_await(&cluster->releases, 1);
	assert_false(gate_is_bound(key->text));
	assert_detail(lock, "");
	cluster_elsewhere(cluster, false);
	assert_int_equal(portlock_acquire(lock), 0);
	assert_int_equal(cluster->grants, 1);
	assert_int_equal(cluster->started, 1);
	portlock_close(lock);
}

/* The place in the cluster's queue is the host's. */
static void a_timeout_leaves_the_place_to_who_waits_here(void **state)
{
	struct key *key = *state;
	struct child *next = contender_start(key->text, "etcd");
	portlock_t *lock = open_lock(key->text, "etcd");
	struct waiter waiter;

	cluster_elsewhere(cluster, true);
	begin(&waiter, lock, TIME_TO_HEAR);
	contender_queue(next, key->text, -1);
	assert_int_equal(waiter_end(&waiter), -ETIMEDOUT);
	cluster_elsewhere(cluster, false);
	assert_int_equal(contender_result(next), 0);
	assert_true(contender_has_locked(next));
	assert_int_equal(contender_token(next), cluster->revision);
	assert_int_equal(cluster->acquires, 1);
	assert_int_equal(cluster->started, 1);
	contender_release(next);
	portlock_close(lock);
}

static void ignore(int number)
{
	(void)number;
}

static void be_interrupted(struct child *parent, void *argument)
{
	struct key *key = argument;
	portlock_t *lock = open_lock(key->text, "etcd");

	signal(SIGUSR1, ignore);
	say(parent, portlock_acquire_interruptible(lock, -1));
	hear(parent);
	say(parent, portlock_acquire_for(lock, TIME_TO_HEAR));
	portlock_close(lock);
}

static void signals_end_only_waits_that_they_may(void **state)
{
	struct child *child;

	cluster_elsewhere(cluster, true);
	/* An answer would wake it up when the signal comes. */
	cluster_mute(cluster, true);
	child = child_start(be_interrupted, *state);
	cluster_await(&cluster->acquires, 1);
	wait_asleep(child->pid);
	kill(child->pid, SIGUSR1);
	assert_int_equal(hear(child), -EINTR);
	cluster_mute(cluster, false);
	say(child, 0);
	cluster_await(&cluster->acquires, 2);
	wait_asleep(child->pid);
	kill(child->pid, SIGUSR1);
	assert_int_equal(hear(child), -ETIMEDOUT);
	assert_int_equal(child_end(child), 0);
}

static void be_interrupted_often(struct child *parent, void *argument)
{
	struct key *key = argument;
	portlock_t *lock = open_lock(key->text, "etcd");

	signal(SIGUSR1, ignore);
	for (int i = 0; i < rounds(50); i++)
		say(parent, portlock_acquire_interruptible(lock, -1));
	portlock_close(lock);
}

/* An answer that changes nothing wakes it up at that moment. */
static void a_signal_that_meets_an_answer_ends_the_wait(void **state)
{
	struct child *child;

	cluster_mute(cluster, true);
	child = child_start(be_interrupted_often, *state);
	for (int i = 0; i < rounds(50); i++) {
		cluster_await(&cluster->acquires, i + 1);
		wait_asleep(child->pid);
		cluster_answer(cluster, SESSION_WAITING, 0, "");
		kill(child->pid, SIGUSR1);
		assert_int_equal(hear(child), -EINTR);
	}
	assert_int_equal(child_end(child), 0);
}

static void what_is_watched_ends_a_wait(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");
	int ends[2];
	struct pl_wait how = { .deadline = PL_NEVER,
			       .sleep = 10 * PL_MSEC,
			       .queue = true };

	require(pipe(ends) == 0);
	require(write(ends[1], "x", 1) == 1);
	how.watch = ends[0];
	cluster_elsewhere(cluster, true);
	assert_int_equal(pl_acquire(lock, &how), -ECANCELED);
	cluster_await(&cluster->releases, 1);
	portlock_close(lock);
	close(ends[0]);
	close(ends[1]);
}

/* ---- a helper that is stopped ---------------------------------------------- */

/* That of a lock that is held: released, and then stopped. */
static pid_t release_and_stop(portlock_t *lock)
{
	int released = cluster->releases;
	pid_t helper = cluster->helper;

	portlock_release(lock);
	cluster_await(&cluster->releases, released + 1);
	kill(helper, SIGSTOP);
	wait_stopped(helper);
	return helper;
}

static void a_stopped_helper_is_replaced(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");
	pid_t helper;

	assert_int_equal(portlock_acquire(lock), 0);
	helper = release_and_stop(lock);
	assert_int_equal(portlock_acquire_for(lock, 60000), 0);
	assert_int_equal(cluster->started, 2);
	assert_int_equal(cluster->grants, 2);
	/* It finds nobody there any more. */
	kill(helper, SIGCONT);
	cluster_await(&cluster->ended, 1);
	assert_true(portlock_has_locked(lock));
	helper = release_and_stop(lock);
	assert_int_equal(portlock_try_lock(lock), 0);
	assert_int_equal(cluster->started, 3);
	kill(helper, SIGCONT);
	portlock_close(lock);
}

/* ---- answers -------------------------------------------------------------- */

/* What it was asked it has read, and waits in the cluster's queue for us.  The
 * other one shows that the time is over in which a helper has to read. */
static void a_helper_that_waits_is_not_replaced(void **state)
{
	struct key *key = *state, another;
	portlock_t *lock = open_lock(key->text, "etcd"), *other;
	struct waiter waiter, clock;
	pid_t helper;

	snprintf(another.text, sizeof(another.text), "%.20s-2", key->text);
	other = open_lock(another.text, "etcd");
	assert_int_equal(portlock_acquire(lock), 0);
	portlock_release(lock);
	cluster_await(&cluster->releases, 1);
	assert_int_equal(portlock_acquire(other), 0);
	helper = release_and_stop(other);
	cluster_elsewhere(cluster, true);
	begin(&waiter, lock, -1);
	cluster_await(&cluster->acquires, 3);
	begin(&clock, other, -1); /* by a new one */
	assert_int_equal(cluster->started, 3);
	assert_int_equal(cluster->acquires, 4);
	kill(helper, SIGCONT);
	cluster_elsewhere(cluster, false);
	assert_int_equal(waiter_end(&waiter), 0);
	assert_int_equal(waiter_end(&clock), 0);
	assert_int_equal(cluster->started, 3);
	portlock_close(other);
	portlock_close(lock);
}

static void failures_have_their_error_and_text(void **state)
{
	static const int errors[][2] = {
		{ -EHOSTUNREACH, -EHOSTUNREACH },
		{ -EKEYREJECTED, -EKEYREJECTED },
		{ -EPROTO, -EPROTO },
		{ -EINVAL, -EINVAL },
		{ 0, -EIO },
		{ 5, -EIO },
		{ -EAGAIN, -EIO },
		{ -ECHILD, -EIO },
	};
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");
	struct waiter waiter;

	cluster_mute(cluster, true);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		begin(&waiter, lock, -1);
		cluster_answer(cluster, SESSION_FAILED, errors[i][0],
			       "http://here: no");
		assert_int_equal(waiter_end(&waiter), errors[i][1]);
		assert_detail(lock, "http://here: no");
		assert_false(portlock_has_locked(lock));
		assert_false(gate_is_bound(key->text));
	}
	portlock_close(lock);
	cluster_await_all_ended(cluster);
}

/* A failure that was told before says nothing about this one. */
static void a_detail_is_of_the_last_acquire(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_start(key->text, "unix");
	portlock_t *lock = open_lock(key->text, "etcd");
	struct waiter waiter;

	cluster_mute(cluster, true);
	begin(&waiter, lock, -1);
	cluster_answer(cluster, SESSION_FAILED, -EPROTO, "no");
	assert_int_equal(waiter_end(&waiter), -EPROTO);
	assert_detail(lock, "no");
	assert_int_equal(contender_acquire(holder, -1), 0);
	assert_int_equal(portlock_try_lock(lock), -EBUSY);
	assert_detail(lock, "");
	portlock_close(lock);
}

static void a_trouble_is_why_a_wait_was_in_vain(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");
	struct waiter waiter;

	cluster_mute(cluster, true);
	begin(&waiter, lock, TIME_TO_HEAR);
	cluster_answer(cluster, SESSION_TROUBLE, -EHOSTUNREACH, "no route");
	assert_int_equal(waiter_end(&waiter), -EHOSTUNREACH);
	assert_detail(lock, "no route");
	begin(&waiter, lock, TIME_TO_HEAR);
	cluster_answer(cluster, SESSION_TROUBLE, -EHOSTUNREACH, "no route");
	cluster_answer(cluster, SESSION_WAITING, 0, "");
	assert_int_equal(waiter_end(&waiter), -ETIMEDOUT);
	assert_detail(lock, "");
	begin(&waiter, lock, -1);
	cluster_answer(cluster, SESSION_TROUBLE, -EHOSTUNREACH, "no route");
	cluster_mute(cluster, false);
	assert_int_equal(waiter_end(&waiter), 0);
	portlock_close(lock);
}

/* What the helper has not refused yet may have a password in it. */
static void a_cluster_that_is_silent_is_named(void **state)
{
	struct key *key = *state;
	char endpoints[200], expected[256];
	portlock_t *lock;

	cluster_mute(cluster, true);
	snprintf(endpoints, sizeof(endpoints), "%s",
		 getenv("PORTLOCK_ETCD_ENDPOINTS"));
	snprintf(expected, sizeof(expected), "no answer in time from %s",
		 endpoints);
	for (int i = 0; i < 2; i++) {
		lock = open_lock(key->text, "etcd");
		assert_int_equal(portlock_acquire_for(lock, 100),
				 -EHOSTUNREACH);
		assert_detail(lock, expected);
		portlock_close(lock);
		strcat(endpoints, ",http://me:secret@there:1");
		setenv("PORTLOCK_ETCD_ENDPOINTS", endpoints, 1);
		strcpy(expected, "no answer in time from the cluster");
	}
}

static void answers_to_older_requests_are_not_taken(void **state)
{
	struct fake_order older = { .timer_ms = 60000,
				    .size = sizeof(older.answer),
				    .answer = { .kind = SESSION_GRANTED,
						.number = (uint64_t)-1,
						.revision = 7 } };
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");
	struct waiter waiter;

	cluster_elsewhere(cluster, true);
	begin(&waiter, lock, -1);
	cluster_order(cluster, cluster->asker, &older);
	older.answer.kind = SESSION_FAILED;
	cluster_order(cluster, cluster->asker, &older);
	older.answer.kind = SESSION_LOST;
	cluster_order(cluster, cluster->asker, &older);
	wait_asleep(waiter.tid);
	assert_false(portlock_has_locked(lock));
	cluster_elsewhere(cluster, false);
	/* For the cluster it left the queue with those answers. */
	older = (struct fake_order){ .timer_ms = 60000,
				     .size = sizeof(older.answer),
				     .answer = { .kind = SESSION_GRANTED,
						 .revision = 2000 } };
	cluster_order(cluster, cluster->asker, &older);
	assert_int_equal(waiter_end(&waiter), 0);
	assert_int_equal(portlock_token(lock), 2000);
	portlock_close(lock);
}

/* As when the host slept between the grant and us. */
static void a_grant_without_time_left_is_given_back(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");
	struct waiter waiter;

	cluster_mute(cluster, true);
	begin(&waiter, lock, -1);
	cluster_answer(cluster, SESSION_GRANTED, 0, "");
	cluster_await(&cluster->acquires, 2);
	assert_int_equal(cluster->releases, 1);
	cluster_mute(cluster, false);
	assert_int_equal(waiter_end(&waiter), 0);
	assert_true(portlock_has_locked(lock));
	portlock_close(lock);
}

static void nonsense_ends_the_session(void **state)
{
	struct fake_order nonsense[] = {
		{ .size = 1 },
		{ .size = sizeof(nonsense->answer) - 1,
		  .answer = { .kind = SESSION_GRANTED } },
		{ .size = sizeof(nonsense->answer), .answer = { .kind = 1 } },
		{ .size = sizeof(nonsense->answer),
		  .answer = { .kind = SESSION_LOST + 1 } },
	};
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");
	struct waiter waiter;

	cluster_mute(cluster, true);
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		begin(&waiter, lock, -1);
		nonsense[i].timer_ms = 60000;
		cluster_order(cluster, cluster->asker, &nonsense[i]);
		assert_int_equal(waiter_end(&waiter), -EIO);
		assert_false(portlock_has_locked(lock));
		assert_false(gate_is_bound(key->text));
		cluster_await_all_ended(cluster);
	}
	portlock_close(lock);
}

/* ---- helpers that die ----------------------------------------------------- */

static void a_helper_that_dies_while_it_waits_is_replaced(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");
	struct waiter waiter;

	/* One that the acquire has not started itself. */
	assert_int_equal(portlock_acquire(lock), 0);
	portlock_release(lock);
	cluster_elsewhere(cluster, true);
	begin(&waiter, lock, -1);
	kill(cluster->helper, SIGKILL);
	cluster_await(&cluster->acquires, 3);
	cluster_elsewhere(cluster, false);
	assert_int_equal(waiter_end(&waiter), 0);
	assert_true(portlock_has_locked(lock));
	portlock_close(lock);
	cluster_await(&cluster->ended, 2);
}

/* A wait that goes on for as long as its helpers answer something. */
struct wait {
	portlock_t *lock;
	char text[32];	   /* of the last answer */
	atomic_int result; /* 1: none yet */
};

static void *wait_a_while(void *argument)
{
	struct wait *wait = argument;

	atomic_store(&wait->result,
		     portlock_acquire_for(wait->lock, TIME_TO_HEAR));
	return NULL;
}

static bool is_told_or_over(void *argument)
{
	struct wait *wait = argument;
	char detail[256];

	require(portlock_detail(wait->lock, detail, sizeof(detail)) == 0);
	return strcmp(detail, wait->text) == 0 ||
	       atomic_load(&wait->result) <= 0;
}

static bool is_asked_again_or_over(void *argument)
{
	struct wait *wait = argument;

	return cluster->acquires > cluster->ended ||
	       atomic_load(&wait->result) <= 0;
}

static void helpers_that_always_die_do_not_outlast_the_deadline(void **state)
{
	struct key *key = *state;
	struct wait wait = { .lock = open_lock(key->text, "etcd") };
	pthread_t thread;

	atomic_init(&wait.result, 1);
	cluster_mute(cluster, true);
	thread = thread_start(wait_a_while, &wait);
	while (atomic_load(&wait.result) > 0) {
		wait_until(is_asked_again_or_over, &wait);
		snprintf(wait.text, sizeof(wait.text), "told by the %d.",
			 cluster->started);
		cluster_answer(cluster, SESSION_TROUBLE, -EPROTO, wait.text);
		wait_until(is_told_or_over, &wait);
		cluster_end_helper(cluster);
	}
	thread_end(thread);
	assert_int_equal(wait.result, -EPROTO);
	/* It rested in between. */
	assert_in_range(cluster->started, 1, TIME_TO_HEAR / 10 + 1);
	portlock_close(wait.lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_cluster(a_timeout_leaves_the_clusters_queue),
		with_cluster(a_timeout_leaves_the_place_to_who_waits_here),
		with_cluster(signals_end_only_waits_that_they_may),
		with_cluster(a_signal_that_meets_an_answer_ends_the_wait),
		with_cluster(what_is_watched_ends_a_wait),
		with_cluster(failures_have_their_error_and_text),
		with_cluster(a_detail_is_of_the_last_acquire),
		with_cluster(a_trouble_is_why_a_wait_was_in_vain),
		with_cluster(a_cluster_that_is_silent_is_named),
		with_cluster(answers_to_older_requests_are_not_taken),
		with_cluster(a_grant_without_time_left_is_given_back),
		with_cluster(nonsense_ends_the_session),
		with_cluster(a_stopped_helper_is_replaced),
		with_cluster(a_helper_that_waits_is_not_replaced),
		with_cluster(a_helper_that_dies_while_it_waits_is_replaced),
		with_cluster(
			helpers_that_always_die_do_not_outlast_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
