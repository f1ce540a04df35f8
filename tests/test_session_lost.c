/* SPDX-License-Identifier: MIT */
/* test_session_lost.c - transport etcd when a lock that is held is lost. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/internal.h"
#include "support/cluster.h"
#include "support/support.h"

static bool is_readable(int fd)
{
	struct pollfd look = { .fd = fd, .events = POLLIN };

	return poll(&look, 1, 0) == 1;
}

static void await_readable(int fd)
{
	struct pollfd look = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&look, 1, 60000), 1);
}

static void assert_detail(portlock_t *lock, const char *expected)
{
	char detail[256];

	assert_int_equal(portlock_detail(lock, detail, sizeof(detail)), 0);
	assert_string_equal(detail, expected);
}

/* The helper tells why a moment after the timer. */
static bool has_detail(void *lock)
{
	char detail[256];

	require(portlock_detail(lock, detail, sizeof(detail)) == 0);
	return *detail != '\0';
}

static void the_cluster_takes_it_away(void **state)
{
	struct key *key = *state;
	struct child *other = contender_start(key->text, "etcd");
	portlock_t *lock = open_lock(key->text, "etcd");
	uint64_t token;
	int lost;

	assert_int_equal(portlock_lost_fd(lock), -ENOENT);
	assert_int_equal(portlock_acquire(lock), 0);
	token = portlock_token(lock);
	lost = portlock_lost_fd(lock);
	assert_true(lost >= 0);
	assert_false(is_readable(lost));
	cluster_lose(cluster, "the lease is gone");
	await_readable(lost);
	assert_false(portlock_has_locked(lock));
	assert_int_equal(portlock_token(lock), 0);
	assert_int_equal(contender_try(other), -EBUSY);
	wait_until(has_detail, lock);
	assert_detail(lock, "the lease is gone");
	assert_detail(lock, "the lease is gone");
	/* And it still holds, here. */
	assert_int_equal(portlock_acquire_for(lock, 0), -EDEADLK);
	assert_int_equal(portlock_release(lock), 0);
	assert_int_equal(portlock_lost_fd(lock), -ENOENT);
	assert_int_equal(portlock_acquire(lock), 0);
	assert_true(portlock_token(lock) > token);
	assert_false(is_readable(portlock_lost_fd(lock)));
	assert_detail(lock, "");
	assert_int_equal(cluster->started, 1);
	portlock_close(lock);
}

static void who_waits_here_does_not_get_what_is_lost(void **state)
{
	struct key *key = *state;
	struct child *next = contender_start(key->text, "etcd");
	portlock_t *lock = open_lock(key->text, "etcd");

	assert_int_equal(portlock_acquire(lock), 0);
	contender_queue(next, key->text, -1);
	cluster_lose(cluster, "");
	await_readable(portlock_lost_fd(lock));
	cluster_elsewhere(cluster, true);
	portlock_release(lock);
	cluster_await(&cluster->acquires, 2);
	assert_false(has_said(next));
	cluster_elsewhere(cluster, false);
	assert_int_equal(contender_result(next), 0);
	assert_int_equal(cluster->grants, 2);
	assert_true(contender_has_locked(next));
	contender_release(next);
	portlock_close(lock);
}

/* Nobody pushes the timer any more: it is held until then and no longer, and
 * the cluster waits for that as well. */
static void a_killed_helper_loses_it_in_time(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");

	atomic_store(&cluster->granted_ms, 400);
	assert_int_equal(portlock_acquire_for(lock, -1), 0);
	kill(cluster->helper, SIGKILL);
	cluster_await(&cluster->ended, 1);
	await_readable(portlock_lost_fd(lock));
	assert_false(portlock_has_locked(lock));
	assert_int_equal(portlock_token(lock), 0);
	assert_detail(lock, "portlock-session was killed or has ended");
	assert_int_equal(portlock_release(lock), 0);
	assert_int_equal(portlock_acquire_for(lock, -1), 0);
	assert_int_equal(cluster->started, 2);
	portlock_close(lock);
}

/* The timer is the truth, not the helper: who waits here gets what is left. */
static void a_killed_helper_does_not_end_a_turn(void **state)
{
	struct key *key = *state;
	struct child *next = contender_start(key->text, "etcd");
	portlock_t *lock = open_lock(key->text, "etcd");

	assert_int_equal(portlock_acquire(lock), 0);
	contender_queue(next, key->text, -1);
	kill(cluster->helper, SIGKILL);
	cluster_await(&cluster->ended, 1);
	assert_true(portlock_has_locked(lock));
	portlock_release(lock);
	assert_int_equal(contender_result(next), 0);
	assert_true(contender_has_locked(next));
	assert_int_equal(cluster->grants, 1);
	contender_release(next);
	portlock_close(lock);
}

static void its_gate_tells_that_there_is_a_cluster(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");
	struct pl_signature signature;
	struct statx gate;

	assert_int_equal(portlock_acquire(lock), 0);
	assert_int_equal(statx(lock->bundle.gate, "", AT_EMPTY_PATH,
			       STATX_BASIC_STATS, &gate),
			 0);
	assert_true(pl_sign_read(&gate, &signature));
	assert_true(signature.cluster);
	assert_int_equal(signature.ports, 0);
	assert_int_equal(signature.pid, getpid());
	portlock_close(lock);
}

static void other_transports_cannot_lose(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");
	char text[8] = "x";

	assert_int_equal(portlock_acquire(lock), 0);
	assert_int_equal(portlock_lost_fd(lock), -ENOENT);
	assert_int_equal(portlock_detail(lock, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	portlock_close(lock);
	assert_int_equal(portlock_lost_fd(NULL), -EINVAL);
	assert_int_equal(portlock_detail(NULL, text, sizeof(text)), -EINVAL);
}

/* The clock of the timer, as the kernel tells it; -1: it is no timer. */
static int clock_of(int timer)
{
	char path[40], line[80];
	int clock = -1;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", timer);
	info = fopen(path, "re");
	require(info != NULL);
	while (clock < 0 && fgets(line, sizeof(line), info))
		sscanf(line, "clockid: %d", &clock);
	fclose(info);
	return clock;
}

/* As the cluster does not wait for a machine that sleeps.  That the helper goes
 * by the same clock, etcd/test_session_clock.c shows. */
static void it_expires_while_the_machine_sleeps(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");

	assert_int_equal(portlock_acquire(lock), 0);
	assert_int_equal(clock_of(portlock_lost_fd(lock)), CLOCK_BOOTTIME);
	portlock_close(lock);
}

static void a_detail_is_cut_to_its_room(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "etcd");
	char text[4] = "xyz";

	assert_int_equal(portlock_detail(lock, text, 0), -EINVAL);
	assert_int_equal(portlock_detail(lock, NULL, 4), -EINVAL);
	assert_int_equal(portlock_acquire(lock), 0);
	cluster_lose(cluster, "lost");
	wait_until(has_detail, lock);
	assert_int_equal(portlock_detail(lock, text, sizeof(text)), 0);
	assert_string_equal(text, "los");
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_cluster(the_cluster_takes_it_away),
		with_cluster(who_waits_here_does_not_get_what_is_lost),
		with_cluster(a_killed_helper_loses_it_in_time),
		with_cluster(a_killed_helper_does_not_end_a_turn),
		with_cluster(it_expires_while_the_machine_sleeps),
		with_cluster(its_gate_tells_that_there_is_a_cluster),
		with_cluster(other_transports_cannot_lose),
		with_cluster(a_detail_is_cut_to_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
