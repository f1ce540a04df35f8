/* SPDX-License-Identifier: MIT */
/* test_session_fork.c - transport etcd, forks and signal handlers. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/internal.h"
#include "support/cluster.h"
#include "support/support.h"
#include "support/thread.h"

static portlock_t *lock;

static int status_of(pid_t child)
{
	int status;

	require(waitpid(child, &status, 0) == child);
	return status;
}

static void assert_child_holds_nothing(pid_t (*forks)(void))
{
	pid_t child = forks();

	require(child >= 0);
	if (child == 0) {
		require(!portlock_has_locked(lock));
		require(portlock_token(lock) == 0);
		require(portlock_lost_fd(lock) == -ENOENT);
		require(portlock_try_lock(lock) == -EBUSY);
		portlock_release(lock);
		portlock_close(lock);
		_exit(0);
	}
	assert_int_equal(status_of(child), 0);
	assert_true(portlock_has_locked(lock));
	assert_int_equal(cluster->ended, 0);
	assert_int_equal(cluster->releases, 0);
}

static void a_child_does_not_hold_its_parents(void **state)
{
	struct key *key = *state;

	lock = open_lock(key->text, "etcd");
	assert_int_equal(portlock_acquire(lock), 0);
	assert_child_holds_nothing(fork);
	assert_child_holds_nothing(_Fork);
	portlock_close(lock);
	cluster_await_all_ended(cluster);
}

static void stay(struct child *parent, void *argument)
{
	(void)argument;
	hear_or_end(parent, &(int64_t){ 0 });
}

/* Neither the lock, nor a helper that the handle has kept. */
static void a_child_keeps_no_copy(void **state)
{
	struct key *key = *state;
	struct child *of_holder, *of_idle;

	lock = open_lock(key->text, "etcd");
	assert_int_equal(portlock_acquire(lock), 0);
	of_holder = child_start(stay, NULL);
	portlock_release(lock);
	of_idle = child_start(stay, NULL);
	portlock_close(lock);
	cluster_await_all_ended(cluster);
	child_end(of_holder);
	child_end(of_idle);
}

struct program {
	pid_t pid;
	int life; /* its standard input */
};

static struct program program_spawn(void)
{
	static char *const words[] = { "cat", NULL };
	posix_spawn_file_actions_t actions;
	struct program program;
	int ends[2];

	require(pipe2(ends, O_CLOEXEC) == 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
	require(posix_spawnp(&program.pid, words[0], &actions, NULL, words,
			     environ) == 0);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[0]);
	program.life = ends[1];
	return program;
}

static void program_end(const struct program *program)
{
	close(program->life);
	require(status_of(program->pid) == 0);
}

struct fds {
	pid_t pid;
	int count;
};

static bool has_so_many(void *argument)
{
	const struct fds *fds = argument;

	return open_fds(fds->pid) == fds->count;
}

/* Of which no handler of fork() knows. */
static void a_program_keeps_no_copy(void **state)
{
	struct key *key = *state;
	struct program before = program_spawn(), since;
	struct fds fds;

	lock = open_lock(key->text, "etcd");
	assert_int_equal(portlock_acquire(lock), 0);
	since = program_spawn();
	/* A moment after its start, as it closes the rest then. */
	fds = (struct fds){ since.pid, open_fds(before.pid) };
	wait_until(has_so_many, &fds);
	portlock_close(lock);
	cluster_await_all_ended(cluster);
	program_end(&since);
	program_end(&before);
}

/* ---- handlers ------------------------------------------------------------- */

static pid_t forked;

static void fork_now(int number)
{
	(void)number;
	forked = fork();
}

/* What a forked handler returns to is the same acquire, in two processes. */
static void wait_and_fork(struct child *parent, void *argument)
{
	struct key *key = argument;
	int result;

	lock = open_lock(key->text, "etcd");
	signal(SIGUSR1, fork_now);
	forked = -1;
	result = portlock_acquire_for(lock, -1);
	require(result == 0 && portlock_has_locked(lock));
	if (forked == 0) {
		portlock_close(lock);
		_exit(0);
	}
	say(parent, 0);
	hear(parent);
	portlock_close(lock);
	require(status_of(forked) == 0);
	say(parent, 0);
}

static void a_handler_forks_while_the_cluster_is_asked(void **state)
{
	struct key *key = *state;
	struct child *child;

	cluster_elsewhere(cluster, true);
	child = child_start(wait_and_fork, key);
	cluster_await(&cluster->acquires, 1);
	wait_asleep(child->pid);
	kill(child->pid, SIGUSR1);
	/* The new child waits behind its parent. */
	wait_for_queue(key->text, 1);
	cluster_elsewhere(cluster, false);
	hear(child);
	assert_int_equal(gate_queue(key->text), 1);
	say(child, 0);
	hear(child);
	assert_int_equal(child_end(child), 0);
	cluster_await_all_ended(cluster);
}

static void release_now(int number)
{
	(void)number;
	portlock_release(lock);
}

static void a_handler_releases(void **state)
{
	struct key *key = *state;
	struct child *next = contender_start(key->text, "etcd");

	lock = open_lock(key->text, "etcd");
	signal(SIGUSR1, release_now);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(portlock_acquire(lock), 0);
		raise(SIGUSR1);
		assert_false(portlock_has_locked(lock));
		cluster_await(&cluster->releases, i);
	}
	assert_int_equal(cluster->started, 1);
	assert_int_equal(portlock_acquire(lock), 0);
	contender_queue(next, key->text, -1);
	raise(SIGUSR1);
	assert_false(portlock_has_locked(lock));
	assert_int_equal(contender_result(next), 0);
	assert_int_equal(cluster->started, 1);
	signal(SIGUSR1, SIG_DFL);
	contender_release(next);
	portlock_close(lock);
}

/* ---- threads -------------------------------------------------------------- */

#define THREADS 4

static struct guarded guarded;

static void *take_turns(void *argument)
{
	(void)argument;
	for (int i = 0; i < rounds(200); i++) {
		require(portlock_acquire_for(lock, -1) == 0);
		guarded_touch(&guarded);
		require(portlock_has_locked(lock));
		portlock_release(lock);
	}
	return NULL;
}

static void *look_on(void *stop)
{
	char text[256];

	while (!atomic_load((atomic_int *)stop)) {
		portlock_has_locked(lock);
		portlock_token(lock);
		require(portlock_detail(lock, text, sizeof(text)) == 0);
	}
	return NULL;
}

static void *fork_often(void *argument)
{
	(void)argument;
	for (int i = 0; i < rounds(50); i++) {
		pid_t child = fork();
		char text[256];

		if (child == 0) {
			require(!portlock_has_locked(lock));
			require(portlock_detail(lock, text, sizeof(text)) == 0);
			_exit(0);
		}
		require(status_of(child) == 0);
	}
	return NULL;
}

/* One handle with one helper serves all threads, while others look and fork. */
static void threads_share_a_handle(void **state)
{
	struct key *key = *state;
	pthread_t threads[THREADS], looker, forker;
	atomic_int stop;

	atomic_init(&stop, 0);
	atomic_store(&guarded.value, 0);
	lock = open_lock(key->text, "etcd");
	for (int i = 0; i < THREADS; i++)
		threads[i] = thread_start(take_turns, NULL);
	looker = thread_start(look_on, &stop);
	forker = thread_start(fork_often, NULL);
	for (int i = 0; i < THREADS; i++)
		thread_end(threads[i]);
	atomic_store(&stop, 1);
	thread_end(looker);
	thread_end(forker);
	assert_int_equal(guarded.violations, 0);
	assert_int_equal(guarded.value, THREADS * rounds(200));
	portlock_close(lock);
	cluster_await_all_ended(cluster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_cluster(a_child_does_not_hold_its_parents),
		with_cluster(a_child_keeps_no_copy),
		with_cluster(a_program_keeps_no_copy),
		with_cluster(a_handler_forks_while_the_cluster_is_asked),
		with_cluster(a_handler_releases),
		with_cluster(threads_share_a_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
