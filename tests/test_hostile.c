/* SPDX-License-Identifier: MIT */
/* test_hostile.c - exclusion, progress and order beside a hostile user. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/attack.h"
#include "support/impostor.h"
#include "support/support.h"

#define TURNS 100

/* ---- two of us, beside each attack --------------------------------------- */

static int fds_of_two(struct child *const two[2])
{
	return open_fds(two[0]->pid) + open_fds(two[1]->pid);
}

/* All that an acquire keeps is there after a turn each. */
static int settled_fds(struct child *const two[2], const char *key)
{
	require(contender_acquire(two[0], -1) == 0);
	contender_queue(two[1], key, -1);
	contender_release(two[0]);
	require(contender_result(two[1]) == 0);
	contender_release(two[1]);
	return fds_of_two(two);
}

static void stand(struct key *key, const struct attack *attack,
		  const char *transport)
{
	struct guarded *guarded = shared_memory(sizeof(*guarded));
	struct child *two[2] = { contender_start(key->text, transport),
				 contender_start(key->text, transport) };
	int before = settled_fds(two, key->text);
	struct child *nobody = attack_start(attack, key);

	for (int i = 0; i < 2; i++)
		contender_stress(two[i], guarded, rounds(TURNS));
	for (int i = 0; i < 2; i++)
		assert_int_equal(contender_result(two[i]), 0);
	child_kill(nobody);
	assert_int_equal(guarded->violations, 0);
	assert_int_equal(guarded->value, 2 * rounds(TURNS));
	assert_int_equal(settled_fds(two, key->text), before);
	for (int i = 0; i < 2; i++)
		assert_int_equal(child_end(two[i]), 0);
}

static void two_of_us_exclude_each_other_beside_every_attack(void **state)
{
	for (size_t i = 0; i < attacks_count; i++) {
		print_message("%s: %s\n", attacks[i].name, attacks[i].what);
		stand(*state, &attacks[i], "tcp");
		stand(*state, &attacks[i], "unix");
	}
}

/* ---- the queue ----------------------------------------------------------- */

struct crowd {
	const char *key;
	int size;
};

static void queue_as_nobody(struct child *parent, void *argument)
{
	struct crowd *crowd = argument;

	become_user(NOBODY);
	for (int i = 0; i < crowd->size; i++)
		require(attack_connect(crowd->key) >= 0);
	say(parent, 0);
	hear(parent);
}

/* The lock, not the name: nobody could bind it in between. */
static void a_release_finds_our_waiter_behind_a_crowd_of_strangers(void **state)
{
	struct key *key = *state;
	struct crowd crowd = { key->text, 500 };
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *ours = contender_start(key->text, "tcp");
	struct child *nobody;

	assert_int_equal(portlock_acquire(lock), 0);
	nobody = child_start(queue_as_nobody, &crowd);
	hear(nobody);
	contender_queue(ours, key->text, -1);
	portlock_release(lock);
	/* Held without a moment in which it was free: ours has not run yet, or
	 * it has it. */
	assert_true(gate_is_bound(key->text));
	assert_int_equal(contender_result(ours), 0);
	say(nobody, 0);
	assert_int_equal(child_end(nobody), 0);
	contender_release(ours);
	portlock_close(lock);
}

/* ---- the holder ---------------------------------------------------------- */

/* Tells how many of the ways into the parent were open. */
static void break_in_as_nobody(struct child *parent, void *argument)
{
	struct key *key = argument;
	char path[64];
	int open = 0;
	int pidfd;

	become_user(NOBODY);
	snprintf(path, sizeof(path), "/proc/%d/fd/0", (int)parent->pid);
	open += kill(parent->pid, SIGSTOP) == 0;
	open += ptrace(PTRACE_SEIZE, parent->pid, 0, 0) == 0;
	open += access(path, F_OK) == 0;
	pidfd = (int)syscall(SYS_pidfd_open, parent->pid, 0);
	for (int fd = 0; pidfd >= 0 && fd < 20; fd++)
		open += syscall(SYS_pidfd_getfd, pidfd, fd, 0) >= 0;
	open += bind_gate(key->text) >= 0;
	open += bind_port(key->ports[0]) >= 0;
	open += bind_port(key->ports[1]) >= 0;
	say(parent, open);
}

static void a_holder_cannot_be_touched(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *nobody;

	assert_int_equal(portlock_acquire(lock), 0);
	nobody = child_start(break_in_as_nobody, key);
	assert_int_equal(hear(nobody), 0);
	assert_int_equal(child_end(nobody), 0);
	assert_true(portlock_has_locked(lock));
	portlock_close(lock);
}

/* ---- the name ------------------------------------------------------------ */

static void bind_as_nobody(struct child *parent, void *argument)
{
	struct key *key = argument;

	become_user(NOBODY);
	require(bind_gate(key->text) >= 0);
	say(parent, 0);
	hear(parent);
}

static void a_name_that_a_stranger_holds_is_ours_when_it_ends(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *nobody = child_start(bind_as_nobody, key);

	hear(nobody);
	assert_int_equal(portlock_try_lock(lock), -EBUSY);
	assert_int_equal(portlock_acquire_for(lock, 50), -ETIMEDOUT);
	child_kill(nobody);
	assert_int_equal(portlock_acquire_for(lock, -1), 0);
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(two_of_us_exclude_each_other_beside_every_attack),
		with_key(
			a_release_finds_our_waiter_behind_a_crowd_of_strangers),
		with_key(a_holder_cannot_be_touched),
		with_key(a_name_that_a_stranger_holds_is_ours_when_it_ends),
	};

	if (geteuid() != 0) {
		print_message("only root can become another user: skipped\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
