/* SPDX-License-Identifier: MIT */
/* test_death.c - processes of a host die or stop: holders, waiters, and the
 * portlock-session of either.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "tests/etcd/cluster.h"
#include "tests/etcd/hosts.h"
#include "tests/etcd/referee.h"

static struct etcd *etcd;

/* Two hosts, of which the first holds it and the second is in the queue. */
struct pair {
	struct child *holder, *waiter;
};

static struct pair pair_start(const char *key, const char *ttl)
{
	struct pair pair;

	setenv("PORTLOCK_ETCD_TTL", ttl, 1);
	pair.holder = contender_on(&hosts[0], key);
	pair.waiter = contender_on(&hosts[1], key);
	unsetenv("PORTLOCK_ETCD_TTL");
	assert_int_equal(contender_acquire(pair.holder, -1), 0);
	contender_begin(pair.waiter, -1);
	etcd_wait_queue(etcd, key, 2);
	return pair;
}

static void pair_end(struct pair *pair)
{
	child_end(pair->waiter);
	if (pair->holder)
		child_end(pair->holder);
	wait_sessions(&hosts[0], 0);
	wait_sessions(&hosts[1], 0);
}

static void death_of_the_holder_does_not_wait_for_the_lease(void **state)
{
	struct key *key = *state;
	struct pair pair = pair_start(key->text, "3600");

	child_kill(pair.holder);
	pair.holder = NULL;
	assert_int_equal(contender_result(pair.waiter), 0);
	pair_end(&pair);
}

static void death_of_a_waiter_leaves_no_key(void **state)
{
	struct key *key = *state;
	struct pair pair = pair_start(key->text, "3600");
	struct child *last = contender_on(&hosts[2], key->text);

	contender_begin(last, -1);
	etcd_wait_queue(etcd, key->text, 3);
	child_kill(pair.waiter);
	etcd_wait_queue(etcd, key->text, 2);
	contender_release(pair.holder);
	assert_int_equal(contender_result(last), 0);
	pair.waiter = last;
	pair_end(&pair);
}

/* The timer ends before the lease does. */
static void death_of_the_holders_session_is_known_in_time(void **state)
{
	struct key *key = *state;
	struct pair pair = pair_start(key->text, "5");

	kill(session_on(&hosts[0]), SIGKILL);
	contender_wait_lost(pair.holder);
	assert_false(has_said(pair.waiter));
	assert_false(contender_has_locked(pair.holder));
	assert_int_equal(contender_result(pair.waiter), 0);
	contender_release(pair.holder);
	contender_begin(pair.holder, -1);
	etcd_wait_queue(etcd, key->text, 2);
	contender_release(pair.waiter);
	assert_int_equal(contender_result(pair.holder), 0);
	pair_end(&pair);
}

static void death_of_the_waiters_session_makes_a_new_one(void **state)
{
	struct key *key = *state;
	struct pair pair = pair_start(key->text, "5");
	pid_t first = session_on(&hosts[1]);

	kill(first, SIGKILL);
	contender_release(pair.holder);
	assert_int_equal(contender_result(pair.waiter), 0);
	assert_true(session_on(&hosts[1]) != first);
	etcd_wait_queue(etcd, key->text, 1);
	pair_end(&pair);
}

/* A holder that is stopped holds, as long as its session runs. */
static void a_stopped_holder_keeps_the_lock(void **state)
{
	struct key *key = *state;
	struct pair pair = pair_start(key->text, "5");

	kill(pair.holder->pid, SIGSTOP);
	wait_stopped(pair.holder->pid);
	sleep_ns(INT64_C(7000000000)); /* longer than the lease */
	assert_false(has_said(pair.waiter));
	kill(pair.holder->pid, SIGCONT);
	assert_true(contender_has_locked(pair.holder));
	contender_release(pair.holder);
	assert_int_equal(contender_result(pair.waiter), 0);
	pair_end(&pair);
}

/* As if the whole host had stopped. */
static void holder_and_session_that_stop_together_lose_it(void **state)
{
	struct key *key = *state;
	struct pair pair = pair_start(key->text, "5");
	pid_t session = session_on(&hosts[0]);

	kill(pair.holder->pid, SIGSTOP);
	kill(session, SIGSTOP);
	wait_stopped(pair.holder->pid);
	assert_int_equal(contender_result(pair.waiter), 0);
	kill(pair.holder->pid, SIGCONT);
	assert_false(contender_has_locked(pair.holder));
	contender_wait_lost(pair.holder);
	kill(session, SIGCONT);
	contender_release(pair.holder);
	assert_true(contender_has_locked(pair.waiter));
	etcd_wait_queue(etcd, key->text, 1);
	pair_end(&pair);
}

static void a_stopped_session_loses_the_lock_in_time(void **state)
{
	struct key *key = *state;
	struct pair pair = pair_start(key->text, "5");
	pid_t session = session_on(&hosts[0]);

	kill(session, SIGSTOP);
	contender_wait_lost(pair.holder);
	assert_false(has_said(pair.waiter));
	assert_int_equal(contender_result(pair.waiter), 0);
	kill(session, SIGCONT);
	contender_release(pair.holder);
	pair_end(&pair);
}

/* It has not read yet that the lock was let go: its key is before that of the
 * next one, until the lease ends. */
static void a_stopped_session_is_replaced(void **state)
{
	struct key *key = *state;
	static struct etcd_key keys[KEYS_LISTED];
	struct child *holder;
	uint64_t token;
	pid_t session;

	setenv("PORTLOCK_ETCD_TTL", "5", 1);
	holder = contender_on(&hosts[0], key->text);
	unsetenv("PORTLOCK_ETCD_TTL");
	assert_int_equal(contender_acquire(holder, -1), 0);
	token = contender_token(holder);
	session = session_on(&hosts[0]);
	kill(session, SIGSTOP);
	wait_stopped(session);
	contender_release(holder);
	assert_int_equal(contender_acquire(holder, 60000), 0);
	assert_true(contender_token(holder) > token);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	kill(session, SIGCONT);
	wait_sessions(&hosts[0], 1);
	assert_true(contender_has_locked(holder));
	child_end(holder);
	wait_sessions(&hosts[0], 0);
}

/* The release is on its way when the lease ends and another one gets it. */
static void a_release_that_comes_too_late_deletes_nothing(void **state)
{
	struct key *key = *state;
	struct pair pair = pair_start(key->text, "5");
	static struct etcd_key keys[KEYS_LISTED];
	pid_t session = session_on(&hosts[0]);

	kill(session, SIGSTOP);
	wait_stopped(session);
	contender_release(pair.holder);
	assert_int_equal(contender_result(pair.waiter), 0);
	kill(session, SIGCONT);
	/* It goes on: what was to be deleted is gone, and it joins anew. */
	contender_begin(pair.holder, -1);
	etcd_wait_queue(etcd, key->text, 2);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 2);
	assert_int_equal(keys[0].create_revision, contender_token(pair.waiter));
	assert_true(contender_has_locked(pair.waiter));
	contender_release(pair.waiter);
	assert_int_equal(contender_result(pair.holder), 0);
	pair_end(&pair);
}

/* ---- leases that are revoked --------------------------------------------- */

static void a_holder_whose_lease_is_revoked_has_lost_the_lock(void **state)
{
	struct key *key = *state;
	struct pair pair = pair_start(key->text, "3600");
	static struct etcd_key keys[KEYS_LISTED];

	assert_int_equal(etcd_queue(etcd, key->text, keys), 2);
	assert_true(etcd_revoke(etcd, keys[0].lease));
	contender_wait_lost(pair.holder);
	assert_false(contender_has_locked(pair.holder));
	assert_int_equal(contender_result(pair.waiter), 0);
	contender_release(pair.holder);
	pair_end(&pair);
}

/* etcd 3.4's own lock grants to a waiter whose lease is gone. */
static void a_waiter_whose_lease_is_revoked_is_not_granted_by_it(void **state)
{
	struct key *key = *state;
	struct pair pair = pair_start(key->text, "3600");
	static struct etcd_key keys[KEYS_LISTED];
	int64_t revoked;

	assert_int_equal(etcd_queue(etcd, key->text, keys), 2);
	revoked = keys[1].lease;
	assert_true(etcd_revoke(etcd, revoked));
	contender_release(pair.holder);
	assert_int_equal(contender_result(pair.waiter), 0);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	assert_true(keys[0].lease != revoked);
	assert_int_equal(keys[0].create_revision, contender_token(pair.waiter));
	assert_true(etcd_lease_left(etcd, keys[0].lease) > 0);
	pair_end(&pair);
}

/* ---- under load ---------------------------------------------------------- */

static void killed_players_disturb_nobody(void **state)
{
	struct key *key = *state;
	struct game *game = game_make(key->text, 0, 2);
	struct child *players[9], *victim;
	int kills = rounds(50), killed = 0, count;

	setenv("PORTLOCK_ETCD_LOCAL_GRANTS", "5", 1);
	players_start(game, 3, players, 3);
	for (int i = 0; i < kills; i++) {
		victim = player_start(game, &hosts[i % 3]);
		count = atomic_load(&game->referee->count);
		while (atomic_load(&game->referee->count) < count + i % 20)
			sleep_ns(100000);
		child_kill(victim);
	}
	unsetenv("PORTLOCK_ETCD_LOCAL_GRANTS");
	atomic_store(&game->over, 1);
	players_end(players, 9);
	count = atomic_load(&game->referee->count);
	for (int i = 0; i < count; i++)
		killed += game->referee->visits[i].left == 0;
	assert_true(killed <= kills);
	referee_judge(game->referee, 5, killed);
	assert_int_equal(atomic_load(&game->error), 0);
	assert_int_equal(atomic_load(&game->lost), 0);
	etcd_wait_queue(etcd, key->text, 0);
}

/* Each of them loses at most one lock, and nobody comes in before. */
static void killed_sessions_let_nobody_in_too_early(void **state)
{
	struct key *key = *state;
	struct game *game = game_make(key->text, 0, 2);
	struct child *players[9];
	pid_t pids[SESSIONS_MAX];
	int kills = 6, count;

	setenv("PORTLOCK_ETCD_TTL", "5", 1);
	setenv("PORTLOCK_ETCD_LOCAL_GRANTS", "5", 1);
	players_start(game, 3, players, 3);
	for (int i = 0; i < kills; i++) {
		count = atomic_load(&game->referee->count);
		while (atomic_load(&game->referee->count) < count + 20)
			sleep_ns(100000);
		count = sessions_on(&hosts[i % 3], pids);
		for (int j = 0; j < count; j++)
			kill(pids[j], SIGKILL);
	}
	atomic_store(&game->over, 1);
	players_end(players, 9);
	unsetenv("PORTLOCK_ETCD_TTL");
	unsetenv("PORTLOCK_ETCD_LOCAL_GRANTS");
	referee_judge(game->referee, 5, 0);
	assert_int_equal(atomic_load(&game->error), 0);
	assert_in_range(atomic_load(&game->lost), 0, kills);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(death_of_the_holder_does_not_wait_for_the_lease),
		with_key(death_of_a_waiter_leaves_no_key),
		with_key(death_of_the_holders_session_is_known_in_time),
		with_key(death_of_the_waiters_session_makes_a_new_one),
		with_key(a_stopped_holder_keeps_the_lock),
		with_key(holder_and_session_that_stop_together_lose_it),
		with_key(a_stopped_session_loses_the_lock_in_time),
		with_key(a_stopped_session_is_replaced),
		with_key(a_release_that_comes_too_late_deletes_nothing),
		with_key(a_holder_whose_lease_is_revoked_has_lost_the_lock),
		with_key(a_waiter_whose_lease_is_revoked_is_not_granted_by_it),
		with_key(killed_players_disturb_nobody),
		with_key(killed_sessions_let_nobody_in_too_early),
	};
	int failed;

	etcd = ground_make(3, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ground_end(etcd);
	return failed;
}
