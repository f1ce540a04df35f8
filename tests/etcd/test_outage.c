/* SPDX-License-Identifier: MIT */
/* test_outage.c - members of the cluster die and come back, hosts are cut off
 * from it: nothing is lost that need not be, and nobody comes in too early.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/etcd/cluster.h"
#include "tests/etcd/hosts.h"
#include "tests/etcd/referee.h"

#define HOSTS 3
#define EACH 4

static struct etcd *etcd; /* of three members */

static void wait_visits(struct game *game, int more)
{
	int count = atomic_load(&game->referee->count) + more;

	while (atomic_load(&game->referee->count) < count) {
		require(atomic_load(&game->failed) == 0);
		sleep_ns(1000000);
	}
}

/* Whatever happens to the cluster while it is played, no acquire fails and no
 * lock is lost. */
static void play_while(struct key *key, void (*disturb)(struct game *game))
{
	struct child *players[HOSTS * EACH];
	struct game *game = game_make(key->text, 0, 1);

	setenv("PORTLOCK_ETCD_LOCAL_GRANTS", "3", 1);
	players_start(game, HOSTS, players, EACH);
	unsetenv("PORTLOCK_ETCD_LOCAL_GRANTS");
	wait_visits(game, 50);
	disturb(game);
	wait_visits(game, 50);
	atomic_store(&game->over, 1);
	players_end(players, HOSTS * EACH);
	assert_int_equal(atomic_load(&game->error), 0);
	assert_int_equal(atomic_load(&game->lost), 0);
	referee_judge(game->referee, 3, 0);
	etcd_wait_queue(etcd, key->text, 0);
}

static void come_back(int member)
{
	etcd_restart(etcd, member);
	etcd_wait(etcd);
}

static void kill_the_leader(struct game *game)
{
	int leader = etcd_leader(etcd);

	assert_in_range(leader, 0, 2);
	etcd_kill(etcd, leader);
	wait_visits(game, 50);
	come_back(leader);
}

static void the_leader_is_killed_under_load(void **state)
{
	play_while(*state, kill_the_leader);
}

static void kill_each_in_turn(struct game *game)
{
	for (int i = 0; i < 3; i++) {
		etcd_kill(etcd, i);
		wait_visits(game, 50);
		come_back(i);
	}
}

static void each_member_is_killed_in_turn_under_load(void **state)
{
	play_while(*state, kill_each_in_turn);
}

static void freeze_the_leader(struct game *game)
{
	int leader = etcd_leader(etcd);

	assert_in_range(leader, 0, 2);
	etcd_freeze(etcd, leader);
	wait_visits(game, 50);
	etcd_thaw(etcd, leader);
}

static void the_leader_freezes_under_load(void **state)
{
	play_while(*state, freeze_the_leader);
}

/* No majority, and then none at all, for a while. */
static void restart_all(struct game *game)
{
	(void)game;
	for (int i = 0; i < 3; i++)
		etcd_kill(etcd, i);
	for (int i = 0; i < 3; i++)
		etcd_restart(etcd, i);
	etcd_wait(etcd);
}

static void the_whole_cluster_is_killed_and_restarted_under_load(void **state)
{
	play_while(*state, restart_all);
}

static void a_holder_stays_while_the_cluster_restarts(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_on(&hosts[0], key->text);
	struct child *waiter = contender_on(&hosts[1], key->text);

	assert_int_equal(contender_acquire(holder, -1), 0);
	contender_begin(waiter, -1);
	etcd_wait_queue(etcd, key->text, 2);
	restart_all(NULL);
	etcd_wait_queue(etcd, key->text, 2);
	assert_true(contender_has_locked(holder));
	assert_false(has_said(waiter));
	contender_release(holder);
	assert_int_equal(contender_result(waiter), 0);
	child_end(waiter);
	child_end(holder);
}

/* ---- hosts that are cut off ---------------------------------------------- */

static void a_holder_that_is_cut_off_knows_before_others_get_it(void **state)
{
	struct key *key = *state;
	struct child *holder, *waiter;

	setenv("PORTLOCK_ETCD_TTL", "5", 1);
	holder = contender_on(&hosts[0], key->text);
	waiter = contender_on(&hosts[1], key->text);
	unsetenv("PORTLOCK_ETCD_TTL");
	assert_int_equal(contender_acquire(holder, -1), 0);
	contender_begin(waiter, -1);
	etcd_wait_queue(etcd, key->text, 2);
	host_cut(&hosts[0]);
	contender_wait_lost(holder);
	assert_false(has_said(waiter));
	assert_false(contender_has_locked(holder));
	assert_int_equal(contender_result(waiter), 0);
	contender_release(holder);
	assert_int_equal(contender_acquire(holder, 1000), -EHOSTUNREACH);
	host_join(&hosts[0]);
	contender_release(waiter);
	assert_int_equal(contender_acquire(holder, -1), 0);
	child_end(waiter);
	child_end(holder);
}

/* Cut off for less than the lease lasts: nobody notices. */
static void a_short_cut_loses_nothing(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_on(&hosts[0], key->text);

	assert_int_equal(contender_acquire(holder, -1), 0);
	host_cut(&hosts[0]);
	sleep_ns(INT64_C(4000000000));
	host_join(&hosts[0]);
	sleep_ns(INT64_C(12000000000)); /* longer than the lease, in all */
	assert_true(contender_has_locked(holder));
	contender_release(holder);
	assert_int_equal(child_end(holder), 0);
}

static void hosts_that_come_and_go_never_overlap(void **state)
{
	struct key *key = *state;
	struct child *players[HOSTS * EACH];
	struct game *game = game_make(key->text, 0, 1);

	setenv("PORTLOCK_ETCD_TTL", "5", 1);
	setenv("PORTLOCK_ETCD_LOCAL_GRANTS", "3", 1);
	players_start(game, HOSTS, players, EACH);
	unsetenv("PORTLOCK_ETCD_TTL");
	unsetenv("PORTLOCK_ETCD_LOCAL_GRANTS");
	for (int i = 0; i < 4; i++) {
		wait_visits(game, 50);
		host_cut(&hosts[i % HOSTS]);
		wait_visits(game, 50); /* of the others, after the lease */
		host_join(&hosts[i % HOSTS]);
	}
	wait_visits(game, 50);
	atomic_store(&game->over, 1);
	players_end(players, HOSTS * EACH);
	assert_int_equal(atomic_load(&game->error), 0);
	assert_in_range(atomic_load(&game->lost), 0, 4);
	referee_judge(game->referee, 3, 0);
	etcd_wait_queue(etcd, key->text, 0);
}

/* What a failed test has left. */
static int mend(void **state)
{
	unsetenv("PORTLOCK_ETCD_TTL");
	unsetenv("PORTLOCK_ETCD_LOCAL_GRANTS");
	for (int i = 0; i < HOSTS; i++)
		host_join(&hosts[i]);
	for (int i = 0; i < 3; i++)
		if (etcd->members[i].pid == 0)
			etcd_restart(etcd, i);
		else
			etcd_thaw(etcd, i);
	etcd_wait(etcd);
	return key_teardown(state);
}

#define on_ground(test) cmocka_unit_test_setup_teardown(test, key_setup, mend)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_ground(the_leader_is_killed_under_load),
		on_ground(each_member_is_killed_in_turn_under_load),
		on_ground(the_leader_freezes_under_load),
		on_ground(the_whole_cluster_is_killed_and_restarted_under_load),
		on_ground(a_holder_stays_while_the_cluster_restarts),
		on_ground(a_holder_that_is_cut_off_knows_before_others_get_it),
		on_ground(a_short_cut_loses_nothing),
		on_ground(hosts_that_come_and_go_never_overlap),
	};
	int failed;

	etcd = ground_make(HOSTS, 3);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ground_end(etcd);
	return failed;
}
