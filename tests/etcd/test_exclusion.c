/* SPDX-License-Identifier: MIT */
/* test_exclusion.c - one holder among all processes of all hosts, and each host
 * gets its turn.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/etcd/cluster.h"
#include "tests/etcd/hosts.h"
#include "tests/etcd/referee.h"
#include "tests/support/command.h"

#define HOSTS 3
#define EACH 10

static struct etcd *etcd;

static void thirty_processes_of_three_hosts_exclude_each_other(void **state)
{
	struct key *key = *state;
	struct child *players[HOSTS * EACH];
	struct game *game = game_make(key->text, rounds(20), 1);

	setenv("PORTLOCK_ETCD_LOCAL_GRANTS", "5", 1);
	players_start(game, HOSTS, players, EACH);
	players_end(players, HOSTS * EACH);
	unsetenv("PORTLOCK_ETCD_LOCAL_GRANTS");
	assert_int_equal(atomic_load(&game->error), 0);
	assert_int_equal(atomic_load(&game->lost), 0);
	referee_judge(game->referee, 5, 0);
	for (int i = 1; i <= HOSTS; i++)
		assert_int_equal(referee_visits(game->referee, i),
				 EACH * rounds(20));
	etcd_wait_queue(etcd, key->text, 0);
}

/* While all hosts want it none is left out.  Who has no waiter at a release
 * gives the cluster's lock back early, so shares need not be equal. */
static void every_host_gets_its_share(void **state)
{
	struct key *key = *state;
	struct child *players[HOSTS * 3];
	struct game *game = game_make(key->text, 0, 1);
	struct referee *referee = game->referee;
	int visits = 1500, grants[HOSTS + 1] = { 0 };

	setenv("PORTLOCK_ETCD_LOCAL_GRANTS", "10", 1);
	players_start(game, HOSTS, players, 3);
	while (atomic_load(&referee->count) < visits)
		sleep_ns(1000000);
	atomic_store(&game->over, 1);
	players_end(players, HOSTS * 3);
	unsetenv("PORTLOCK_ETCD_LOCAL_GRANTS");
	referee_judge(referee, 10, 0);
	/* In the middle all of them are there. */
	for (int i = visits / 3; i < visits * 2 / 3; i++)
		grants[referee->visits[i].host]++;
	for (int i = 1; i <= HOSTS; i++)
		assert_true(grants[i] >= visits / 3 / HOSTS / 3);
}

static void hosts_are_served_in_the_order_of_their_coming(void **state)
{
	struct key *key = *state;
	struct child *contenders[HOSTS];
	uint64_t token = 0;

	for (int i = 0; i < HOSTS; i++)
		contenders[i] =
			contender_on(&hosts[(i + 1) % HOSTS], key->text);
	for (int i = 0; i < HOSTS; i++) {
		contender_begin(contenders[i], -1);
		etcd_wait_queue(etcd, key->text, i + 1);
	}
	for (int i = 0; i < HOSTS; i++) {
		assert_int_equal(contender_result(contenders[i]), 0);
		assert_true(contender_token(contenders[i]) > token);
		token = contender_token(contenders[i]);
		for (int j = i + 1; j < HOSTS; j++)
			assert_false(has_said(contenders[j]));
		contender_release(contenders[i]);
	}
	for (int i = 0; i < HOSTS; i++)
		assert_int_equal(child_end(contenders[i]), 0);
}

static void the_token_is_the_create_revision_of_the_key_in_etcd(void **state)
{
	struct key *key = *state;
	struct child *contender = contender_on(&hosts[0], key->text);
	static struct etcd_key keys[KEYS_LISTED];

	assert_int_equal(contender_acquire(contender, -1), 0);
	assert_int_equal(etcd_queue(etcd, key->text, keys), 1);
	assert_int_equal(contender_token(contender), keys[0].create_revision);
	assert_in_range(etcd_lease_left(etcd, keys[0].lease), 5, 15);
	contender_release(contender);
	etcd_wait_queue(etcd, key->text, 0);
	child_end(contender);
}

static void a_try_on_another_host_is_busy(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_on(&hosts[0], key->text);
	struct child *other = contender_on(&hosts[1], key->text);

	assert_int_equal(contender_acquire(holder, -1), 0);
	assert_int_equal(contender_try(other), -EBUSY);
	assert_int_equal(contender_acquire(other, 3000), -ETIMEDOUT);
	etcd_wait_queue(etcd, key->text, 1);
	contender_release(holder);
	assert_int_equal(contender_acquire(other, -1), 0);
	child_end(other);
	child_end(holder);
}

/* An etcdctl that waits for the same name is in the same queue. */
static void etcdctl_lock_queues_with_us(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_on(&hosts[0], key->text);
	struct child *after = contender_on(&hosts[1], key->text);
	struct command other = { 0 };
	char name[128];

	snprintf(name, sizeof(name), "portlock/%s", key->text);
	assert_int_equal(contender_acquire(holder, -1), 0);
	program_start(&other, "etcdctl",
		      (const char *const[]){ "etcdctl", "--endpoints",
					     etcd->endpoints, "lock", "--",
					     name, "sh", "-c",
					     "echo in; read x; exit 0", NULL });
	etcd_wait_queue(etcd, key->text, 2);
	contender_begin(after, -1);
	etcd_wait_queue(etcd, key->text, 3);
	contender_release(holder);
	command_expect(&other, "in");
	assert_false(has_said(after));
	assert_int_equal(command_end(&other), 0);
	assert_int_equal(contender_result(after), 0);
	child_end(after);
	child_end(holder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(thirty_processes_of_three_hosts_exclude_each_other),
		with_key(every_host_gets_its_share),
		with_key(hosts_are_served_in_the_order_of_their_coming),
		with_key(the_token_is_the_create_revision_of_the_key_in_etcd),
		with_key(a_try_on_another_host_is_busy),
		with_command(etcdctl_lock_queues_with_us),
	};
	int failed;

	etcd = ground_make(3, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ground_end(etcd);
	return failed;
}
