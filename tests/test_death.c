/* SPDX-License-Identifier: MIT */
/* test_death.c - holders and waiters that are killed or stopped, anywhere. */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/internal.h"
#include "support.h"

#define MSEC INT64_C(1000000)
#define SEC INT64_C(1000000000)

/* A holder and its waiters, in order, each known to be asleep. */
static void line_up(const struct key *key, struct child **contenders, int count)
{
	for (int i = 0; i < count; i++)
		contenders[i] = contender_start(key->text, "tcp");
	assert_int_equal(contender_try(contenders[0]), 0);
	for (int i = 1; i < count; i++)
		contender_queue(contenders[i], key->text, -1);
}

static void stop(struct child *child)
{
	kill(child->pid, SIGSTOP);
	wait_stopped(child->pid);
}

static void a_killed_holder_leaves_the_lock_to_its_waiter(void **state)
{
	struct child *contenders[2];

	line_up(*state, contenders, 2);
	child_kill(contenders[0]);
	assert_int_equal(contender_result(contenders[1]), 0);
}

static void a_killed_holder_leaves_the_lock_free(void **state)
{
	struct key *key = *state;
	struct child *contenders[1];
	portlock_t *lock = open_lock(key->text, "tcp");

	line_up(key, contenders, 1);
	assert_int_equal(portlock_try_lock(lock), -EBUSY);
	child_kill(contenders[0]);
	assert_int_equal(portlock_try_lock(lock), 0);
	portlock_close(lock);
}

static void a_killed_waiter_is_skipped(void **state)
{
	struct child *contenders[4];

	line_up(*state, contenders, 4);
	child_kill(contenders[1]);
	contender_release(contenders[0]);
	assert_int_equal(contender_result(contenders[2]), 0);
	assert_false(has_said(contenders[3]));
	contender_release(contenders[2]);
	assert_int_equal(contender_result(contenders[3]), 0);
}

static void a_stopped_waiter_is_skipped_and_finds_its_way_back(void **state)
{
	struct key *key = *state;
	struct child *contenders[3];

	line_up(key, contenders, 3);
	stop(contenders[1]);
	sleep_ns(2 * MSEC); /* a shorter hold is not worth the look */
	contender_release(contenders[0]);
	assert_int_equal(contender_result(contenders[2]), 0);
	assert_false(has_said(contenders[1]));

	kill(contenders[1]->pid, SIGCONT);
	wait_for_queue(key->text, 1);
	contender_release(contenders[2]);
	assert_int_equal(contender_result(contenders[1]), 0);
}

static void a_stopped_waiter_gets_the_lock_when_it_goes_on(void **state)
{
	struct key *key = *state;
	struct child *contenders[2];

	line_up(key, contenders, 2);
	stop(contenders[1]);
	sleep_ns(2 * MSEC);
	contender_release(contenders[0]);
	assert_int_equal(contender_try(contenders[0]), 0); /* nobody has it */
	contender_release(contenders[0]);
	kill(contenders[1]->pid, SIGCONT);
	assert_int_equal(contender_result(contenders[1]), 0);
}

static uint64_t time_of_grant;

static int still_at_the_grant(clockid_t clock, struct timespec *now)
{
	(void)clock;
	now->tv_sec = (time_t)(time_of_grant / SEC);
	now->tv_nsec = (long)(time_of_grant % SEC);
	return 0;
}

/* For the one that releases no time has passed since its grant, so it does not
 * look whether the waiter is stopped, however slow the machine is. */
static void hold_for_a_moment(struct child *parent, void *argument)
{
	struct pl_ops frozen = pl_libc_ops;
	struct key *key = argument;
	portlock_t *lock = open_lock(key->text, "tcp");

	hear(parent);
	require(portlock_acquire_for(lock, -1) == 0);
	time_of_grant = portlock_token(lock);
	frozen.clock_gettime = still_at_the_grant;
	pl_ops = &frozen;
	portlock_release(lock);
	pl_ops = &pl_libc_ops;
	say(parent, 0);
	portlock_close(lock);
}

/*
 * A stopped waiter that has been sent the lock but cannot read it: the holder
 * before it held too shortly to look whether it was stopped.
 */
static void send_to_a_stopped_waiter(const struct key *key,
				     struct child **stopped,
				     struct child **behind)
{
	struct child *quick = child_start(hold_for_a_moment, (void *)key);
	struct child *holder = contender_start(key->text, "tcp");

	*stopped = contender_start(key->text, "tcp");
	*behind = contender_start(key->text, "tcp");
	assert_int_equal(contender_try(holder), 0);
	say(quick, 1);
	wait_for_queue(key->text, 1);
	wait_asleep(quick->pid);
	contender_queue(*stopped, key->text, -1);
	contender_queue(*behind, key->text, -1);
	stop(*stopped);
	contender_release(holder);
	hear(quick);
	assert_int_equal(child_end(quick), 0);
	assert_int_equal(child_end(holder), 0);
	assert_int_equal(gate_queue(key->text), 1);
}

static void a_waiter_killed_with_the_grant_unread_passes_it_on(void **state)
{
	struct child *stopped, *behind;

	for (int i = 0; i < rounds(20); i++) {
		send_to_a_stopped_waiter(*state, &stopped, &behind);
		assert_false(has_said(behind));
		child_kill(stopped);
		assert_int_equal(contender_result(behind), 0);
		assert_int_equal(child_end(behind), 0);
	}
}

static void a_grant_to_a_stopped_waiter_waits_for_it(void **state)
{
	struct child *stopped, *behind;

	send_to_a_stopped_waiter(*state, &stopped, &behind);
	assert_false(has_said(behind));
	kill(stopped->pid, SIGCONT);
	assert_int_equal(contender_result(stopped), 0);
	assert_false(has_said(behind));
	contender_release(stopped);
	assert_int_equal(contender_result(behind), 0);
}

static void a_dead_holders_lock_goes_to_one_of_twenty_at_a_time(void **state)
{
	struct key *key = *state;
	struct guarded *guarded = shared_memory(sizeof(*guarded));
	struct child *holder = contender_start(key->text, "tcp");
	struct child *contenders[20];

	for (int i = 0; i < 20; i++)
		contenders[i] = contender_start(key->text, "tcp");
	assert_int_equal(contender_try(holder), 0);
	for (int i = 0; i < 20; i++)
		contender_stress(contenders[i], guarded, 1);
	wait_for_queue(key->text, 20);
	child_kill(holder);
	for (int i = 0; i < 20; i++)
		assert_int_equal(contender_result(contenders[i]), 0);
	assert_int_equal(guarded->violations, 0);
	assert_int_equal(guarded->value, 20);
}

/* What processes that may be killed anywhere guard: who is inside. */
struct arena {
	const struct key *key;
	atomic_int inside; /* a pid */
	atomic_int doomed; /* a pid that may be dead inside */
	atomic_int violations;
	atomic_int entries;
};

static void fight(struct child *parent, void *argument)
{
	struct arena *arena = argument;
	portlock_t *lock =
		open_lock(arena->key->text, getpid() % 2 ? "tcp" : "unix");

	(void)parent;
	for (;;) {
		int before;

		require(portlock_acquire_for(lock, -1) == 0);
		before = atomic_exchange(&arena->inside, getpid());
		if (before != 0 && before != arena->doomed)
			arena->violations++;
		arena->entries++;
		if (arena->entries % 3 == 0)
			sched_yield();
		arena->inside = 0;
		portlock_release(lock);
	}
}

struct progress {
	struct arena *arena;
	int entries;
};

static bool has_gone_on(void *argument)
{
	struct progress *progress = argument;

	return progress->arena->entries >= progress->entries;
}

/* The others go on: a lock that is lost, or held twice, shows. */
static void let_them_fight(struct arena *arena, int entries)
{
	struct progress progress = { arena, arena->entries + entries };

	wait_until(has_gone_on, &progress);
	assert_int_equal(arena->violations, 0);
}

static void kills_at_any_moment_make_neither_two_holders_nor_none(void **state)
{
	struct arena *arena = shared_memory(sizeof(*arena));
	struct child *fighters[6];
	unsigned seed = (unsigned)getpid();

	arena->key = *state;
	for (int i = 0; i < 6; i++)
		fighters[i] = child_start(fight, arena);
	for (int i = 0; i < rounds(300); i++) {
		int victim = rand_r(&seed) % 6;

		let_them_fight(arena, 1 + rand_r(&seed) % 20);
		arena->doomed = fighters[victim]->pid;
		child_kill(fighters[victim]);
		fighters[victim] = child_start(fight, arena);
	}
	let_them_fight(arena, 100);
}

static void stops_at_any_moment_make_no_two_holders(void **state)
{
	struct arena *arena = shared_memory(sizeof(*arena));
	struct child *fighters[6];
	unsigned seed = (unsigned)getpid();

	arena->key = *state;
	for (int i = 0; i < 6; i++)
		fighters[i] = child_start(fight, arena);
	for (int i = 0; i < rounds(300); i++) {
		struct child *victim = fighters[rand_r(&seed) % 6];

		let_them_fight(arena, 1 + rand_r(&seed) % 20);
		kill(victim->pid, SIGSTOP);
		sleep_ns(rand_r(&seed) % 1000 * 1000);
		kill(victim->pid, SIGCONT);
	}
	let_them_fight(arena, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_killed_holder_leaves_the_lock_to_its_waiter),
		with_key(a_killed_holder_leaves_the_lock_free),
		with_key(a_killed_waiter_is_skipped),
		with_key(a_stopped_waiter_is_skipped_and_finds_its_way_back),
		with_key(a_stopped_waiter_gets_the_lock_when_it_goes_on),
		with_key(a_waiter_killed_with_the_grant_unread_passes_it_on),
		with_key(a_grant_to_a_stopped_waiter_waits_for_it),
		with_key(a_dead_holders_lock_goes_to_one_of_twenty_at_a_time),
		with_key(kills_at_any_moment_make_neither_two_holders_nor_none),
		with_key(stops_at_any_moment_make_no_two_holders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
