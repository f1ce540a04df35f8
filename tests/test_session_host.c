/* SPDX-License-Identifier: MIT */
/* test_session_host.c - the host of a helper process of transport etcd never
 * notices it.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/internal.h"
#include "support/cluster.h"
#include "support/support.h"
#include "support/thread.h"

static atomic_int signals;

static void count_signal(int number)
{
	(void)number;
	atomic_fetch_add(&signals, 1);
}

/* One hold, and the helper has ended. */
static void use_one(const char *key)
{
	portlock_t *lock = open_lock(key, "etcd");

	require(portlock_acquire(lock) == 0);
	portlock_close(lock);
	cluster_await_all_ended(cluster);
}

struct manner {
	const char *key;
	void (*handler)(int number);
	int flags;
};

static void notice_nothing(struct child *parent, void *argument)
{
	const struct manner *manner = argument;
	struct sigaction action = { .sa_handler = manner->handler,
				    .sa_flags = manner->flags };
	struct sigaction after;

	require(sigaction(SIGCHLD, &action, NULL) == 0);
	use_one(manner->key);
	require(sigaction(SIGCHLD, NULL, &after) == 0);
	require(after.sa_handler == manner->handler);
	require(atomic_load(&signals) == 0);
	require(waitpid(-1, NULL, __WALL | WNOHANG) == -1 && errno == ECHILD);
	say(parent, 0);
}

static void its_host_does_not_notice_it(void **state)
{
	struct key *key = *state;
	const struct manner manners[] = {
		{ key->text, SIG_DFL, 0 },
		{ key->text, SIG_IGN, 0 },
		{ key->text, SIG_DFL, SA_NOCLDWAIT },
		{ key->text, count_signal, 0 },
	};

	for (size_t i = 0; i < sizeof(manners) / sizeof(manners[0]); i++) {
		struct manner manner = manners[i];
		struct child *host = child_start(notice_nothing, &manner);

		hear(host);
		assert_int_equal(child_end(host), 0);
	}
}

static void *wait_for_a_child(void *status)
{
	require(waitpid(-1, status, 0) > 0);
	return NULL;
}

/* A host that waits for children of its own gets those. */
static void wait_for_own(struct child *parent, void *argument)
{
	struct key *key = argument;
	pid_t own = fork();
	pthread_t thread;
	int status = 0;

	if (own == 0) {
		pause();
		_exit(0);
	}
	thread = thread_start(wait_for_a_child, &status);
	for (int i = 0; i < 3; i++)
		use_one(key->text);
	kill(own, SIGKILL);
	thread_end(thread);
	require(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	say(parent, 0);
}

static void its_hosts_wait_is_for_others(void **state)
{
	struct child *host = child_start(wait_for_own, *state);

	hear(host);
	assert_int_equal(child_end(host), 0);
}

/* Who declares itself the reaper of orphans is given ours as well. */
static void reap_orphans(struct child *parent, void *argument)
{
	struct key *key = argument;
	int status;

	require(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	use_one(key->text);
	require(waitpid(-1, &status, 0) == atomic_load(&cluster->helper));
	require(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	require(waitpid(-1, NULL, __WALL) == -1 && errno == ECHILD);
	say(parent, 0);
}

static void a_reaper_of_orphans_reaps_it(void **state)
{
	struct child *host = child_start(reap_orphans, *state);

	hear(host);
	assert_int_equal(child_end(host), 0);
}

static void it_goes_when_its_host_is_killed(void **state)
{
	struct key *key = *state;
	struct child *idle = contender_start(key->text, "etcd");
	struct child *holder = contender_start(key->text, "etcd");

	assert_int_equal(contender_acquire(idle, -1), 0);
	contender_release(idle);
	assert_int_equal(contender_acquire(holder, -1), 0);
	assert_int_equal(cluster->started, 2);
	assert_int_equal(cluster->ended, 0);
	child_kill(idle);
	cluster_await(&cluster->ended, 1);
	child_kill(holder);
	cluster_await(&cluster->ended, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_cluster(its_host_does_not_notice_it),
		with_cluster(its_hosts_wait_is_for_others),
		with_cluster(a_reaper_of_orphans_reaps_it),
		with_cluster(it_goes_when_its_host_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
