/* SPDX-License-Identifier: MIT */
/* test_fork_signals.c - fork in signal handlers, signal handlers in forks. */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "support/faults.h"
#include "support/support.h"
#include "support/thread.h"

#ifdef __SANITIZE_THREAD__ /* gcc */
#define DELAYED_HANDLERS
#elif defined(__has_feature) /* clang */
#if __has_feature(thread_sanitizer)
#define DELAYED_HANDLERS
#endif
#endif

static void hear_the_end(struct child *parent)
{
	int64_t number;

	while (hear_or_end(parent, &number))
		;
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	require(sigaction(number, &action, NULL) == 0);
}

static void fork_in_handler(int number)
{
	(void)number;
	fork();
}

static void acquire_and_fork_in_a_handler(struct child *parent, void *key)
{
	portlock_t *lock = open_lock(key, "tcp");

	handle(SIGUSR1, fork_in_handler);
	require(portlock_acquire_for(lock, -1) == 0);
	say(parent, portlock_has_locked(lock));
	require(portlock_release(lock) == 0);
	portlock_close(lock);
	hear_the_end(parent);
}

static void
the_child_of_a_handler_that_interrupts_a_wait_waits_too(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *child;

	assert_int_equal(portlock_acquire(lock), 0);
	child = child_start(acquire_and_fork_in_a_handler, key->text);
	wait_for_queue(key->text, 1);
	wait_asleep(child->pid);
	kill(child->pid, SIGUSR1);
	wait_for_queue(key->text, 2);
	portlock_release(lock);
	assert_int_equal(hear(child), true);
	assert_int_equal(hear(child), true);
	assert_int_equal(child_end(child), 0);
	portlock_close(lock);
}

/* ---- a release in the middle of a fork ----------------------------------- */

/* What happens between the lock's own fork handlers and the fork. */
static void (*meanwhile)(void);

static void in_the_fork(void)
{
	if (meanwhile)
		meanwhile();
}

static struct {
	portlock_t *held, *idle;
	struct faults *faults;
	pthread_t thread;
	atomic_int tid;
	atomic_int handlers_begun, handlers_done;
} scene;

static void release_in_handler(int number)
{
	(void)number;
	atomic_fetch_add(&scene.handlers_begun, 1);
	portlock_release(scene.held);
	atomic_fetch_add(&scene.handlers_done, 1);
}

static void *do_what_waits_for_the_fork(void *argument)
{
	atomic_store(&scene.tid, gettid());
	require(portlock_release(scene.idle) == 0);
	return argument;
}

static bool is_set(void *number)
{
	return atomic_load((atomic_int *)number) != 0;
}

static bool is_done_or_asleep(void *argument)
{
	(void)argument;
	return is_set(&scene.handlers_done) ||
	       process_state(atomic_load(&scene.tid)) == 'S';
}

static void interrupt_who_waits_for_the_fork(void)
{
	scene.thread = thread_start(do_what_waits_for_the_fork, NULL);
	wait_until(is_set, &scene.tid);
	wait_asleep(atomic_load(&scene.tid));
	pthread_kill(scene.thread, SIGUSR1);
	wait_until(is_set, &scene.handlers_begun);
	wait_until(is_done_or_asleep, NULL);
	/* A descriptor that came now would be in the child, unknown to it. */
	require(calls_of(scene.faults, CALL_ACCEPT) == 0);
}

static void live(struct child *parent, void *argument)
{
	(void)argument;
	say(parent, 0);
	hear_the_end(parent);
}

static void a_release_in_a_handler_waits_for_a_fork_too(void **state)
{
	struct key *key = *state;
	struct key other_key;
	struct child *other = contender_start(key->text, "tcp");
	struct child *child;

#ifdef DELAYED_HANDLERS
	print_message("the thread sanitizer runs handlers when it likes\n");
	skip();
#endif
	key_make(&other_key);
	handle(SIGUSR1, release_in_handler);
	scene.held = open_lock(key->text, "tcp");
	scene.idle = open_lock(other_key.text, "tcp");
	scene.faults = faults_new();
	assert_int_equal(portlock_acquire(scene.held), 0);
	contender_queue(other, key->text, -1);

	faults_use(scene.faults);
	meanwhile = interrupt_who_waits_for_the_fork;
	child = child_start(live, NULL);
	meanwhile = NULL;
	hear(child);
	thread_end(scene.thread);
	faults_use(NULL);
	assert_int_equal(scene.handlers_done, 1);
	assert_int_equal(contender_result(other), 0);
	assert_int_equal(child_end(other), 0);
	assert_false(gate_is_bound(key->text));
	assert_int_equal(child_end(child), 0);

	portlock_close(scene.held);
	portlock_close(scene.idle);
	faults_free(scene.faults);
	key_free(&other_key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(
			the_child_of_a_handler_that_interrupts_a_wait_waits_too),
		with_key(a_release_in_a_handler_waits_for_a_fork_too),
	};

	/* Handlers run last come, first served: ours after the library's. */
	require(pthread_atfork(in_the_fork, NULL, NULL) == 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
