/* SPDX-License-Identifier: MIT */
/* test_session_grant.c - transport etcd where the cluster says yes: grants on
 * this host, one after the other, and turns for the others.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/session.h"
#include "support/cluster.h"
#include "support/support.h"
#include "support/thread.h"

#define WAITERS 5

/* As libfaketime, which is before libc and has times of its own: what stands on
 * sockets must not go this way. */
int futimens(int fd, const struct timespec times[2])
{
	(void)fd;
	(void)times;
	return 0;
}

static void a_free_lock_is_granted_with_the_clusters_token(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");

	assert_false(portlock_has_locked(lock));
	assert_int_equal(portlock_acquire(lock), 0);
	assert_true(portlock_has_locked(lock));
	assert_int_equal(portlock_token(lock), cluster->revision);
	assert_int_equal(portlock_release(lock), 0);
	assert_false(portlock_has_locked(lock));
	assert_int_equal(portlock_token(lock), 0);
	portlock_close(lock);
	cluster_await_all_ended(cluster);
	assert_int_equal(cluster->started, 1);
	assert_int_equal(cluster->releases, 1);
}

static void a_handle_keeps_its_helper_and_not_the_lock(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");
	uint64_t last = 0;

	for (int i = 1; i <= 10; i++) {
		assert_int_equal(portlock_acquire(lock), 0);
		assert_true(portlock_token(lock) > last);
		last = portlock_token(lock);
		portlock_release(lock);
		cluster_await(&cluster->releases, i);
	}
	assert_int_equal(cluster->grants, 10);
	assert_int_equal(cluster->started, 1);
	portlock_close(lock);
}

static void a_helper_that_has_ended_is_replaced(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");

	for (int i = 1; i <= 3; i++) {
		assert_int_equal(portlock_acquire(lock), 0);
		assert_int_equal(cluster->started, i);
		portlock_release(lock);
		cluster_await(&cluster->releases, i);
		cluster_end_helper(cluster);
		cluster_await(&cluster->ended, i);
	}
	portlock_close(lock);
}

static void *take_it(void *lock)
{
	require(portlock_acquire_for(lock, -1) == 0);
	return NULL;
}

/* Only the last thing that a helper had to say is sure to be said. */
static void who_hears_of_a_loss_alone_asks_again(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");
	pthread_t thread;

	cluster_mute(cluster, true);
	thread = thread_start(take_it, lock);
	cluster_await(&cluster->acquires, 1);
	cluster_answer(cluster, SESSION_LOST, 0, "gone");
	cluster_await(&cluster->releases, 1);
	cluster_mute(cluster, false);
	thread_end(thread);
	assert_true(portlock_has_locked(lock));
	assert_int_equal(cluster->acquires, 2);
	assert_int_equal(cluster->started, 1);
	portlock_close(lock);
}

static void a_try_asks_whether_others_have_it(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");

	cluster_elsewhere(cluster, true);
	assert_int_equal(portlock_try_lock(lock), -EBUSY);
	assert_int_equal(portlock_acquire_for(lock, 0), -ETIMEDOUT);
	assert_false(portlock_has_locked(lock));
	assert_false(gate_is_bound(key->text));
	cluster_elsewhere(cluster, false);
	assert_int_equal(portlock_try_lock(lock), 0);
	assert_true(portlock_has_locked(lock));
	assert_int_equal(cluster->tries, 3);
	assert_int_equal(cluster->acquires, 0);
	assert_int_equal(cluster->started, 1);
	portlock_close(lock);
}

static void *try_it(void *lock)
{
	require(portlock_try_lock(lock) == -EBUSY);
	return NULL;
}

/* The answer was the try's: who waits behind it asks for itself. */
static void who_waits_behind_a_try_is_granted(void **state)
{
	struct key *key = *state;
	struct child *waiter = contender_start(key->text, "etcd");
	portlock_t *lock = open_lock(key->text, "etcd");
	pthread_t thread;

	cluster_mute(cluster, true);
	thread = thread_start(try_it, lock);
	cluster_await(&cluster->tries, 1);
	contender_queue(waiter, key->text, -1);
	cluster_elsewhere(cluster, true);
	cluster_mute(cluster, false);
	thread_end(thread);
	cluster_await(&cluster->acquires, 1);
	cluster_elsewhere(cluster, false);
	assert_int_equal(contender_result(waiter), 0);
	assert_int_equal(cluster->started, 1);
	contender_release(waiter);
	portlock_close(lock);
}

/* ---- the lock of the cluster stays on this host for a while --------------- */

/* All in the queue, behind the first one, who holds. */
static void queue_all(struct child *contenders[], const char *key)
{
	for (int i = 0; i < WAITERS; i++)
		contenders[i] = contender_start(key, "etcd");
	assert_int_equal(contender_acquire(contenders[0], -1), 0);
	for (int i = 1; i < WAITERS; i++)
		contender_queue(contenders[i], key, -1);
}

/* Each in its order releases; their tokens. */
static void serve_all(struct child *contenders[], uint64_t tokens[])
{
	for (int i = 0; i < WAITERS; i++) {
		if (i > 0)
			assert_int_equal(contender_result(contenders[i]), 0);
		assert_true(contender_has_locked(contenders[i]));
		tokens[i] = contender_token(contenders[i]);
		contender_release(contenders[i]);
	}
}

static void waiters_here_share_one_grant_of_the_cluster(void **state)
{
	struct key *key = *state;
	struct child *contenders[WAITERS];
	uint64_t tokens[WAITERS];

	setenv("PORTLOCK_ETCD_LOCAL_MS", "600000", 1);
	queue_all(contenders, key->text);
	unsetenv("PORTLOCK_ETCD_LOCAL_MS");
	serve_all(contenders, tokens);
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(tokens[i], tokens[0]);
	assert_int_equal(cluster->grants, 1);
	assert_int_equal(cluster->started, 1);
	/* The last one has it for its next acquire. */
	cluster_await(&cluster->releases, 1);
	assert_int_equal(contender_acquire(contenders[WAITERS - 1], -1), 0);
	assert_int_equal(cluster->grants, 2);
	assert_int_equal(cluster->started, 1);
}

/* Two turns of two, and one of one: between them the cluster has its lock. */
static void after_so_many_grants_here_it_is_others_turn(void **state)
{
	struct key *key = *state;
	struct child *contenders[WAITERS];
	uint64_t tokens[WAITERS];

	setenv("PORTLOCK_ETCD_LOCAL_GRANTS", "2", 1);
	setenv("PORTLOCK_ETCD_LOCAL_MS", "600000", 1);
	queue_all(contenders, key->text);
	unsetenv("PORTLOCK_ETCD_LOCAL_GRANTS");
	unsetenv("PORTLOCK_ETCD_LOCAL_MS");
	serve_all(contenders, tokens);
	cluster_await(&cluster->releases, 3);
	assert_int_equal(cluster->grants, 3);
	assert_int_equal(cluster->started, 1);
	assert_true(tokens[0] == tokens[1] && tokens[2] == tokens[3]);
	assert_true(tokens[0] < tokens[2] && tokens[2] < tokens[4]);
}

static void after_some_time_it_is_others_turn(void **state)
{
	struct key *key = *state;
	struct child *contenders[WAITERS];

	setenv("PORTLOCK_ETCD_LOCAL_MS", "20", 1);
	queue_all(contenders, key->text);
	unsetenv("PORTLOCK_ETCD_LOCAL_MS");
	sleep_ns(25000000);
	cluster_elsewhere(cluster, true);
	contender_release(contenders[0]);
	cluster_await(&cluster->releases, 1);
	cluster_await(&cluster->acquires, 2);
	assert_false(has_said(contenders[1]));
	cluster_elsewhere(cluster, false);
	assert_int_equal(contender_result(contenders[1]), 0);
	assert_int_equal(cluster->grants, 2);
}

static void a_turn_has_bounds_without_settings(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");

	/* As the manual says. */
	assert_int_equal(lock->cluster->local_grants, 100);
	assert_int_equal(lock->cluster->local_ns, 1000 * PL_MSEC);
	portlock_close(lock);
}

/* Settings that are no numbers, or none that make sense. */
static void bounds_of_a_turn_are_checked(void **state)
{
	static const char *const bad[] = { "0", "-1", "many", "1x",
					   "99999999999" };
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	struct key *key = *state;
	portlock_t *lock;

	options.transport = "etcd";
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setenv("PORTLOCK_ETCD_LOCAL_GRANTS", bad[i], 1);
		assert_int_equal(portlock_open(&lock, key->text, &options),
				 -EINVAL);
	}
	options.local_grants = 1;
	assert_int_equal(portlock_open(&lock, key->text, &options), 0);
	portlock_close(lock);
	unsetenv("PORTLOCK_ETCD_LOCAL_GRANTS");
	options.local_grants = -1;
	assert_int_equal(portlock_open(&lock, key->text, &options), -EINVAL);
	options.local_grants = 0;
	options.local_ms = -1;
	assert_int_equal(portlock_open(&lock, key->text, &options), -EINVAL);
}

static void many_take_turns_and_lose_no_count(void **state)
{
	struct key *key = *state;
	struct guarded *guarded = shared_memory(sizeof(*guarded));
	struct child *contenders[WAITERS];
	int count = rounds(200);

	setenv("PORTLOCK_ETCD_LOCAL_GRANTS", "3", 1);
	for (int i = 0; i < WAITERS; i++)
		contenders[i] = contender_start(key->text, "etcd");
	unsetenv("PORTLOCK_ETCD_LOCAL_GRANTS");
	for (int i = 0; i < WAITERS; i++)
		contender_stress(contenders[i], guarded, count);
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(contender_result(contenders[i]), 0);
	assert_int_equal(guarded->violations, 0);
	assert_int_equal(guarded->value, WAITERS * count);
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(child_end(contenders[i]), 0);
	cluster_await_all_ended(cluster);
}

/* ---- sessions are not for all --------------------------------------------- */

static void other_transports_do_not_keep_a_session(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_start(key->text, "etcd");
	struct child *other = contender_start(key->text, "tcp");

	assert_int_equal(contender_acquire(holder, -1), 0);
	contender_queue(other, key->text, -1);
	contender_release(holder);
	assert_int_equal(contender_result(other), 0);
	cluster_await(&cluster->ended, 1);
	contender_queue(holder, key->text, -1);
	contender_release(other);
	assert_int_equal(contender_result(holder), 0);
	assert_true(contender_has_locked(holder));
	assert_int_equal(ports_bound(key), 0);
	assert_int_equal(cluster->started, 2);
}

/* As an heir that has another rule than who leaves it the lock. */
static void what_is_no_lock_of_the_cluster_is_not_adopted(void **state)
{
	struct key *key = *state;
	portlock_t *donor = open_lock(key->text, "unix");
	portlock_t *heir = open_lock(key->text, "etcd");
	int ends[2];

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	assert_int_equal(portlock_acquire(donor), 0);
	assert_int_equal(pl_lock_give(donor, ends[0]), 0);
	close(ends[0]);
	assert_int_equal(pl_lock_adopt(heir, ends[1]), -EIO);
	assert_int_equal(portlock_lost_fd(heir), -ENOENT);
	assert_false(gate_is_bound(key->text));
	close(ends[1]);
	portlock_close(heir);
	portlock_close(donor);
}

static struct child *start_with(const char *key, const char *variable,
				const char *value)
{
	struct child *contender;

	setenv(variable, value, 1);
	contender = contender_start(key, "etcd");
	unsetenv(variable);
	return contender;
}

/* Who is behind a holder of other settings starts a helper of its own. */
static void assert_shared(const struct key *key, const char *variable,
			  bool shared)
{
	struct child *holder = start_with(key->text, variable, "/one");
	struct child *other = start_with(key->text, variable, "/other");
	int before = cluster->started;

	assert_int_equal(contender_acquire(holder, -1), 0);
	contender_queue(other, key->text, -1);
	contender_release(holder);
	assert_int_equal(contender_result(other), 0);
	assert_int_equal(cluster->started, before + (shared ? 1 : 2));
	child_end(holder);
	child_end(other);
	cluster_await_all_ended(cluster);
}

static void other_settings_do_not_share_a_session(void **state)
{
	assert_shared(*state, "PORTLOCK_ETCD_PREFIX", false);
	assert_shared(*state, "PORTLOCK_ETCD_CA", false);
	assert_shared(*state, "PORTLOCK_ETCD_USER", false);
	assert_shared(*state, "PORTLOCK_ETCD_TTL", false);
	assert_shared(*state, "PORTLOCK_ETCD_NOTHING", true);
	/* In the name of a session it could be guessed. */
	assert_shared(*state, "PORTLOCK_ETCD_PASSWORD", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_cluster(a_free_lock_is_granted_with_the_clusters_token),
		with_cluster(a_handle_keeps_its_helper_and_not_the_lock),
		with_cluster(a_helper_that_has_ended_is_replaced),
		with_cluster(who_hears_of_a_loss_alone_asks_again),
		with_cluster(a_try_asks_whether_others_have_it),
		with_cluster(who_waits_behind_a_try_is_granted),
		with_cluster(waiters_here_share_one_grant_of_the_cluster),
		with_cluster(after_so_many_grants_here_it_is_others_turn),
		with_cluster(after_some_time_it_is_others_turn),
		with_cluster(a_turn_has_bounds_without_settings),
		with_cluster(bounds_of_a_turn_are_checked),
		with_cluster(many_take_turns_and_lose_no_count),
		with_cluster(other_transports_do_not_keep_a_session),
		with_cluster(what_is_no_lock_of_the_cluster_is_not_adopted),
		with_cluster(other_settings_do_not_share_a_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
