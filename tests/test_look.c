/* SPDX-License-Identifier: MIT */
/* test_look.c - who holds a lock, of processes whose state is known. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/looked.h"
#include "support/support.h"

static void assert_is_free(const char *key)
{
	struct look seen;
	char gate[128];

	snprintf(gate, sizeof(gate), "/portlock/%s", key);
	assert_int_equal(look(&seen, gate), 0);
	assert_int_equal(seen.count, 0);
	look_free(&seen);
}

static void shows_its_holder(const char *key, const char *transport, int ports)
{
	struct child *holder = contender_start(key, transport);
	struct look_lock *lock;
	struct look seen;

	assert_is_free(key);
	assert_int_equal(contender_try(holder), 0);
	wait_asleep(holder->pid);
	lock = look_at(&seen, key);
	assert_int_equal(lock->state, LOOK_HELD);
	assert_int_equal(lock->holder.pid, holder->pid);
	assert_int_equal(lock->holder.uid, geteuid());
	assert_int_equal(lock->holder.state, 'S');
	assert_true(is_this_program(lock->holder.command));
	assert_true(lock->since == contender_token(holder));
	assert_int_equal(lock->ports, ports);
	assert_int_equal(lock->other_count, 0);
	assert_int_equal(lock->waiter_count, 0);
	look_free(&seen);
	contender_release(holder);
	assert_is_free(key);
}

static void a_held_lock_shows_its_holder(void **state)
{
	struct key *key = *state;

	shows_its_holder(key->text, "tcp", 2);
	shows_its_holder(key->text, "unix", 0);
}

static void bind_plainly(struct child *parent, void *key)
{
	int64_t number;

	say(parent, bind_gate(key));
	hear_or_end(parent, &number);
}

static void who_has_only_bound_the_gate_is_told(void **state)
{
	struct key *key = *state;
	struct child *plain = child_start(bind_plainly, key->text);
	struct look_lock *lock;
	struct look seen;

	assert_true(hear(plain) >= 0);
	lock = look_at(&seen, key->text);
	assert_int_equal(lock->state, LOOK_PLAIN);
	assert_int_equal(lock->holder.pid, plain->pid);
	assert_int_equal(lock->ports, -1);
	assert_true(lock->since == 0);
	look_free(&seen);
}

/* A new socket can have the times of one that was closed. */
static void a_gate_that_is_not_signed_shows_nothing_of_another(void **state)
{
	struct key *key = *state, other;
	portlock_t *lock;

	key_make(&other);
	lock = open_lock(other.text, "unix");
	for (int i = 0; i < rounds(100); i++) {
		struct look_lock *plain;
		struct look seen;
		int gate;

		assert_int_equal(portlock_try_lock(lock), 0);
		portlock_release(lock);
		gate = bind_gate(key->text);
		assert_int_equal(listen(gate, 1), 0);
		plain = look_at(&seen, key->text);
		assert_int_equal(plain->holder.pid, getpid());
		assert_true(plain->since == 0);
		assert_int_equal(plain->ports, -1);
		look_free(&seen);
		close(gate);
	}
	portlock_close(lock);
	key_free(&other);
}

/* It has the gate, but no two ports yet. */
static void who_still_wants_the_ports_is_no_holder_since(void **state)
{
	struct key *key = *state;
	struct child *first = contender_start(key->text, "unix");
	struct child *second = contender_start(key->text, "tcp");
	int strangers[2] = { bind_port(key->ports[0]),
			     bind_port(key->ports[1]) };
	struct look_lock *lock;
	struct look seen;
	uint64_t since;

	assert_int_equal(contender_try(first), 0);
	contender_queue(second, key->text, -1);
	contender_release(first);
	do {
		lock = look_at(&seen, key->text);
		since = lock->since;
		look_free(&seen);
	} while (since != 0);
	lock = look_at(&seen, key->text);
	assert_int_equal(lock->holder.pid, second->pid);
	/* Without ports, but not by transport unix. */
	assert_int_equal(lock->ports, -1);
	look_free(&seen);
	close(strangers[0]);
	assert_int_equal(contender_result(second), 0);
	lock = look_at(&seen, key->text);
	assert_true(lock->since == contender_token(second));
	assert_int_equal(lock->ports, 2);
	look_free(&seen);
	close(strangers[1]);
}

static void a_stopped_holder_is_told(void **state)
{
	struct key *key = *state;
	struct child *holder = contender_start(key->text, "tcp");
	struct look_lock *lock;
	struct look seen;

	assert_int_equal(contender_try(holder), 0);
	kill(holder->pid, SIGSTOP);
	wait_stopped(holder->pid);
	lock = look_at(&seen, key->text);
	assert_int_equal(lock->holder.pid, holder->pid);
	assert_int_equal(lock->holder.state, 'T');
	look_free(&seen);
	kill(holder->pid, SIGCONT);
}

static void a_lock_that_was_handed_over_shows_its_new_holder(void **state)
{
	struct key *key = *state;
	struct child *first = contender_start(key->text, "tcp");
	struct child *second = contender_start(key->text, "unix");
	struct look_lock *lock;
	struct look seen;

	assert_int_equal(contender_try(first), 0);
	contender_queue(second, key->text, -1);
	contender_release(first);
	assert_int_equal(contender_result(second), 0);
	lock = look_at(&seen, key->text);
	assert_int_equal(lock->holder.pid, second->pid);
	assert_true(lock->since == contender_token(second));
	assert_int_equal(lock->ports, 0);
	assert_int_equal(lock->other_count, 0);
	look_free(&seen);
}

/* Holds, and has a child that runs no fork handlers. */
static void hold_with_a_copy(struct child *parent, void *key)
{
	portlock_t *lock = open_lock(key, "tcp");
	pid_t copy;

	require(portlock_try_lock(lock) == 0);
	copy = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	require(copy >= 0);
	if (copy == 0) {
		pause();
		_exit(0);
	}
	say(parent, copy);
	hear(parent);
	portlock_release(lock);
	say(parent, 0);
	hear(parent);
	kill(copy, SIGKILL);
}

static void assert_copied(const char *key, pid_t holder, pid_t copy)
{
	struct look seen;
	struct look_lock *lock = look_at(&seen, key);

	assert_int_equal(lock->holder.pid, holder);
	assert_int_equal(lock->other_count, 1);
	assert_int_equal(lock->others[0].pid, copy);
	look_free(&seen);
}

static void a_child_that_pins_the_lock_is_not_its_holder(void **state)
{
	struct key *key = *state;
	struct child *holder = child_start(hold_with_a_copy, key->text);
	pid_t copy = (pid_t)hear(holder);
	/* Younger than the copy. */
	struct child *waiter = contender_start(key->text, "tcp");

	assert_copied(key->text, holder->pid, copy);
	contender_queue(waiter, key->text, -1);
	say(holder, 0);
	hear(holder);
	assert_int_equal(contender_result(waiter), 0);
	assert_copied(key->text, waiter->pid, copy);
	say(holder, 0);
	assert_int_equal(child_end(holder), 0);
}

/* ---- threads -------------------------------------------------------------- */

/* Not the one on the stack of the main thread, which ends. */
static struct child thread_parent;

static void *hold_and_stay(void *key)
{
	portlock_t *lock = open_lock(key, "tcp");
	int64_t number;

	require(portlock_try_lock(lock) == 0);
	say(&thread_parent, 0);
	hear_or_end(&thread_parent, &number);
	_exit(0);
}

static void hold_without_a_main_thread(struct child *parent, void *key)
{
	pthread_t thread;

	thread_parent = *parent;
	require(pthread_create(&thread, NULL, hold_and_stay, key) == 0);
	pthread_exit(NULL);
}

static bool is_zombie(void *child)
{
	return process_state(((struct child *)child)->pid) == 'Z';
}

static void a_holder_whose_main_thread_has_ended_is_seen(void **state)
{
	struct key *key = *state;
	struct child *holder =
		child_start(hold_without_a_main_thread, key->text);
	struct look_lock *lock;
	struct look seen;

	hear(holder);
	wait_until(is_zombie, holder);
	lock = look_at(&seen, key->text);
	assert_int_equal(lock->state, LOOK_HELD);
	assert_int_equal(lock->holder.pid, holder->pid);
	assert_int_not_equal(lock->holder.state, 'Z');
	assert_true(is_this_program(lock->holder.command));
	look_free(&seen);
}

/* ---- many ----------------------------------------------------------------- */

static const struct look_lock *find(const struct look *seen, const char *gate)
{
	for (int i = 0; i < seen->count; i++)
		if (strcmp(seen->locks[i].gate, gate) == 0)
			return &seen->locks[i];
	return NULL;
}

static void all_locks_are_seen_by_name(void **state)
{
	struct key *key = *state;
	portlock_t *locks[3];
	struct look seen;
	char text[256];

	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "%s\n\x01\xff~%.*d", key->text,
			 40 * i + 1, i);
		locks[i] = open_lock(text, "unix");
		assert_int_equal(portlock_try_lock(locks[i]), 0);
	}
	assert_int_equal(strlen(portlock_gate(locks[2])), PL_GATE_MAX);
	assert_int_equal(look(&seen, NULL), 0);
	for (int i = 0; i < 3; i++) {
		const struct look_lock *lock =
			find(&seen, portlock_gate(locks[i]));

		assert_non_null(lock);
		assert_int_equal(lock->holder.pid, getpid());
		assert_true(lock->since == portlock_token(locks[i]));
	}
	for (int i = 1; i < seen.count; i++)
		assert_true(strcmp(seen.locks[i - 1].gate, seen.locks[i].gate) <
			    0);
	look_free(&seen);
	for (int i = 0; i < 3; i++)
		portlock_close(locks[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_held_lock_shows_its_holder),
		with_key(who_has_only_bound_the_gate_is_told),
		with_key(a_gate_that_is_not_signed_shows_nothing_of_another),
		with_key(who_still_wants_the_ports_is_no_holder_since),
		with_key(a_stopped_holder_is_told),
		with_key(a_lock_that_was_handed_over_shows_its_new_holder),
		with_key(a_child_that_pins_the_lock_is_not_its_holder),
		with_key(a_holder_whose_main_thread_has_ended_is_seen),
		with_key(all_locks_are_seen_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
