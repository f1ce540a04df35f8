/* SPDX-License-Identifier: MIT */
/* test_trust.c - a process of another user can hold a name, and nothing else. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/attack.h"
#include "support/faults.h"
#include "support/impostor.h"
#include "support/support.h"

struct foreigner {
	const char *key;
	struct faults *faults;
	int surplus; /* descriptors that the impostor adds */
};

static const struct grant_bytes grant = GRANT_BYTES;

static void hear_the_end(struct child *parent)
{
	int64_t number;

	while (hear_or_end(parent, &number))
		;
}

/* Another user's process that acquires, tells, and releases when told. */
static void hold_as_nobody(struct child *parent, void *argument)
{
	struct foreigner *foreigner = argument;
	portlock_t *lock;

	become_user(NOBODY);
	faults_use(foreigner->faults);
	lock = open_lock(foreigner->key, "tcp");
	say(parent, portlock_acquire_for(lock, -1));
	hear(parent);
	say(parent, portlock_release(lock));
	portlock_close(lock);
}

static void a_waiter_of_another_user_is_not_handed_the_lock(void **state)
{
	struct key *key = *state;
	struct foreigner foreigner = { key->text, faults_new(), 0 };
	struct faults *ours = faults_new();
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *nobody;

	faults_use(ours);
	assert_int_equal(portlock_acquire(lock), 0);
	nobody = child_start(hold_as_nobody, &foreigner);
	wait_for_queue(key->text, 1);
	portlock_release(lock);
	assert_int_equal(hear(nobody), 0);
	assert_true(calls_of(ours, CALL_ACCEPT) > 0);
	assert_int_equal(calls_of(ours, CALL_SENDMSG), 0);
	say(nobody, 0);
	assert_int_equal(hear(nobody), 0);
	assert_int_equal(child_end(nobody), 0);
	faults_use(NULL);
	portlock_close(lock);
}

static void our_waiter_is_served_before_another_users(void **state)
{
	struct key *key = *state;
	struct foreigner foreigner = { key->text, faults_new(), 0 };
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *ours = contender_start(key->text, "tcp");
	struct child *nobody;

	assert_int_equal(portlock_acquire(lock), 0);
	nobody = child_start(hold_as_nobody, &foreigner);
	wait_for_queue(key->text, 1);
	contender_queue(ours, key->text, -1);
	portlock_release(lock);
	assert_int_equal(contender_result(ours), 0);
	assert_false(has_said(nobody));
	assert_int_equal(portlock_try_lock(lock), -EBUSY);
	contender_release(ours);
	assert_int_equal(hear(nobody), 0);
	assert_int_equal(portlock_try_lock(lock), -EBUSY);
	say(nobody, 0);
	assert_int_equal(hear(nobody), 0);
	assert_int_equal(child_end(nobody), 0);
	assert_int_equal(portlock_acquire_for(lock, -1), 0);
	portlock_close(lock);
}

static void a_holder_of_another_user_hands_over_nothing(void **state)
{
	struct key *key = *state;
	struct foreigner foreigner = { key->text, faults_new(), 0 };
	struct child *ours = contender_start(key->text, "tcp");
	struct child *nobody = child_start(hold_as_nobody, &foreigner);

	assert_int_equal(hear(nobody), 0);
	contender_queue(ours, key->text, -1);
	say(nobody, 0);
	assert_int_equal(hear(nobody), 0);
	assert_int_equal(contender_result(ours), 0);
	assert_int_equal(calls_of(foreigner.faults, CALL_SENDMSG), 0);
	assert_int_equal(child_end(nobody), 0);
	assert_int_equal(child_end(ours), 0);
}

/* Sends what a holder would send, and keeps copies.  Says so when a waiter was
 * still there to get it. */
static void grant_as_nobody(struct child *parent, void *argument)
{
	struct foreigner *foreigner = argument;
	int fds[32];
	int count = 0;
	int connection;

	become_user(NOBODY);
	fds[count++] = impostor_gate(foreigner->key);
	say(parent, 0);
	for (int i = 0; i < foreigner->surplus; i++) {
		fds[count] = socket(AF_INET, SOCK_STREAM, 0);
		require(fds[count++] >= 0);
	}
	do
		connection = impostor_accept(fds[0]);
	while (!impostor_send(connection, &grant, sizeof(grant), fds,
			      (size_t)count));
	say(parent, 0);
	hear_the_end(parent);
}

static void assert_grant_is_refused(const struct key *key, int surplus)
{
	struct foreigner foreigner = { key->text, NULL, surplus };
	portlock_t *lock = open_lock(key->text, "unix");
	struct child *nobody = child_start(grant_as_nobody, &foreigner);
	int before = open_fds(0);

	pretend_old_kernel(true); /* else it cannot be sent */
	hear(nobody);
	do
		assert_int_equal(portlock_acquire_for(lock, 100), -ETIMEDOUT);
	while (!has_said(nobody));
	assert_false(portlock_has_locked(lock));
	assert_int_equal(open_fds(0), before);
	assert_int_equal(child_end(nobody), 0);
	assert_int_equal(portlock_acquire_for(lock, -1), 0);
	portlock_close(lock);
	pretend_old_kernel(false);
}

static void a_real_gate_from_another_user_makes_no_holder(void **state)
{
	assert_grant_is_refused(*state, 0);
}

static void another_user_cannot_make_our_acquire_fail(void **state)
{
	assert_grant_is_refused(*state, 20);
}

/* Accepts and hangs up until the test ends the talk. */
static void hang_up_as_nobody(struct child *parent, void *argument)
{
	struct foreigner *foreigner = argument;
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };

	become_user(NOBODY);
	fds[0].fd = impostor_gate(foreigner->key);
	fds[1].fd = parent->in;
	say(parent, 0);
	while (poll(fds, 2, -1) > 0 && !fds[1].revents)
		close(impostor_accept(fds[0].fd));
}

/*
 * The pauses double from 20 us to the 10 ms of sleep_ms: 10 attempts, 20 ms.
 * A hang-up that takes longer than sleep_ms starts this anew.  So 200 ms are
 * at most 20 times 12 attempts, and usually 30; a loop makes thousands.  They
 * are too short where the other process does not get to run.
 */
static void
a_holder_that_hangs_up_again_and_again_is_asked_ever_less(void **state)
{
	struct key *key = *state;
	struct foreigner foreigner = { key->text, NULL, 0 };
	struct faults *faults = faults_new();
	portlock_t *lock = open_lock(key->text, "unix");
	struct child *nobody = child_start(hang_up_as_nobody, &foreigner);
	int64_t time_ms = 100, all_ms = 0;

	hear(nobody);
	faults_use(faults);
	do {
		time_ms *= 2;
		all_ms += time_ms;
		assert_int_equal(portlock_acquire_for(lock, time_ms),
				 -ETIMEDOUT);
	} while (atomic_load(&faults->pauses) == 0);
	faults_use(NULL);
	assert_in_range(calls_of(faults, CALL_CONNECT), 2, all_ms / 10 * 12);
	assert_int_equal(child_end(nobody), 0);
	assert_int_equal(portlock_acquire_for(lock, -1), 0);
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_waiter_of_another_user_is_not_handed_the_lock),
		with_key(our_waiter_is_served_before_another_users),
		with_key(a_holder_of_another_user_hands_over_nothing),
		with_key(a_real_gate_from_another_user_makes_no_holder),
		with_key(another_user_cannot_make_our_acquire_fail),
		with_key(
			a_holder_that_hangs_up_again_and_again_is_asked_ever_less),
	};

	if (geteuid() != 0) {
		print_message("only root can become another user: skipped\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
