/* SPDX-License-Identifier: MIT */
/* test_faults.c - each system call fails in turn: no error but a documented
 * one, no descriptor lost, no lock lost.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "support/faults.h"
#include "support/support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct fault {
	enum call call;
	int skip; /* calls of its kind that succeed before */
	int error;
	int result; /* of the acquire that meets it */
};

/* ---- nobody else is there ------------------------------------------------ */

static void meet_alone(struct faults *faults, const struct key *key,
		       const struct fault *fault)
{
	portlock_t *lock = open_lock(key->text, "tcp");
	int before = open_fds(0);

	fault_set(faults, fault->call, fault->skip, fault->error);
	assert_int_equal(portlock_acquire_for(lock, 1000), fault->result);
	assert_int_equal(portlock_has_locked(lock), fault->result == 0);
	if (fault->result != 0) {
		assert_int_equal(open_fds(0), before);
		assert_false(gate_is_bound(key->text));
		assert_int_equal(ports_bound(key), 0);
		assert_int_equal(portlock_acquire_for(lock, 1000), 0);
	}
	portlock_close(lock);
	assert_int_equal(open_fds(0), before);
}

static void a_free_lock_is_not_won_but_nothing_stays_bound(void **state)
{
	static const struct {
		int error, result;
	} errors[] = {
		{ EMFILE, -EMFILE },	 { ENFILE, -ENFILE },
		{ ENOMEM, -ENOMEM },	 { ENOBUFS, -ENOMEM },
		{ EACCES, -EACCES },	 { EPERM, -EACCES },
		{ EAFNOSUPPORT, -EIO },	 { EPROTO, -EIO },
		{ EADDRNOTAVAIL, -EIO },
	};
	static const struct {
		enum call call;
		int times; /* that a single acquire does it */
	} calls[] = {
		{ CALL_SOCKET, 3 },
		{ CALL_BIND, 3 },
		{ CALL_LISTEN, 1 },
	};
	struct faults *faults = faults_new();

	faults_use(faults);
	for (size_t i = 0; i < COUNT(errors); i++)
		for (size_t j = 0; j < COUNT(calls); j++)
			for (int skip = 0; skip < calls[j].times; skip++) {
				struct fault fault = { calls[j].call, skip,
						       errors[i].error,
						       errors[i].result };

				/* Only ports have 127.0.0.1. */
				if (fault.error == EADDRNOTAVAIL &&
				    fault.call == CALL_BIND && skip > 0)
					fault.result = -EADDRNOTAVAIL;
				meet_alone(faults, *state, &fault);
			}
	faults_use(NULL);
	faults_free(faults);
}

/* ---- behind a holder ----------------------------------------------------- */

struct meeting {
	const char *key;
	struct faults *faults;
	const struct fault *fault;
};

static void acquire_with_a_fault(struct child *parent, void *argument)
{
	struct meeting *meeting = argument;
	const struct fault *fault = meeting->fault;
	portlock_t *lock = open_lock(meeting->key, "tcp");
	int before = open_fds(0);

	faults_use(meeting->faults);
	fault_set(meeting->faults, fault->call, fault->skip, fault->error);
	say(parent, portlock_acquire_for(lock, -1));
	require(portlock_has_locked(lock) == (fault->result == 0));
	portlock_release(lock);
	require(portlock_acquire_for(lock, -1) == 0);
	portlock_close(lock);
	require(open_fds(0) == before);
}

static bool has_answered_or_waits(void *argument)
{
	struct child *child = ((void **)argument)[0];
	const char *key = ((void **)argument)[1];

	return has_said(child) || gate_queue(key) == 1;
}

static void meet_behind_a_holder(const struct key *key,
				 const struct fault *fault)
{
	struct meeting meeting = { key->text, faults_new(), fault };
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *child;
	void *pair[2];

	assert_int_equal(portlock_acquire_for(lock, -1), 0);
	child = child_start(acquire_with_a_fault, &meeting);
	pair[0] = child;
	pair[1] = (void *)key->text;
	wait_until(has_answered_or_waits, pair);
	portlock_release(lock);
	assert_int_equal(hear(child), fault->result);
	assert_int_equal(child_end(child), 0);
	portlock_close(lock);
	faults_free(meeting.faults);
}

static void a_waiter_gets_the_lock_or_a_documented_error(void **state)
{
	static const struct fault faults[] = {
		{ CALL_SOCKET, 0, EMFILE, -EMFILE },
		{ CALL_CONNECT, 0, ECONNREFUSED, 0 },
		{ CALL_CONNECT, 0, EAGAIN, 0 },
		{ CALL_CONNECT, 0, ENOMEM, -ENOMEM },
		{ CALL_CONNECT, 0, EACCES, -EACCES },
		{ CALL_CONNECT, 0, EPERM, -EACCES },
		{ CALL_CONNECT, 0, EPROTOTYPE, -EIO },
		{ CALL_GETSOCKOPT, 0, ENOMEM, 0 }, /* who is the holder? */
		{ CALL_RECVMSG, 0, ENOMEM, 0 },
		{ CALL_RECVMSG, 0, ECONNRESET, 0 },
		{ CALL_RECVMSG, 0, EINTR, 0 },
		{ CALL_GETSOCKNAME, 0, ENOBUFS, 0 }, /* is it the gate? */
		{ CALL_GETSOCKNAME, 1, ENOBUFS, 0 }, /* is it a port? */
		{ CALL_GETSOCKOPT, 1, ENOBUFS, 0 },  /* which type? */
		{ CALL_LISTEN, 0, EOPNOTSUPP, 0 },   /* is it a gate? */
	};

	for (size_t i = 0; i < COUNT(faults); i++)
		meet_behind_a_holder(*state, &faults[i]);
}

/* ---- releases ------------------------------------------------------------ */

struct turns {
	const char *key;
	struct guarded *guarded;
};

static void take_a_turn(struct child *parent, void *argument)
{
	struct turns *turns = argument;
	portlock_t *lock = open_lock(turns->key, "tcp");

	(void)parent;
	faults_use(NULL);
	require(portlock_acquire_for(lock, -1) == 0);
	guarded_touch(turns->guarded);
	portlock_close(lock);
}

static void release_with_a_fault(struct faults *faults, const struct key *key,
				 enum call call, int error)
{
	struct turns turns = { key->text,
			       shared_memory(sizeof(struct guarded)) };
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *waiters[2];
	int before = open_fds(0);

	assert_int_equal(portlock_acquire_for(lock, -1), 0);
	for (int i = 0; i < 2; i++) {
		waiters[i] = child_start(take_a_turn, &turns);
		wait_for_queue(key->text, i + 1);
	}
	fault_set(faults, call, 0, error);
	assert_int_equal(portlock_release(lock), 0);
	assert_false(portlock_has_locked(lock));
	for (int i = 0; i < 2; i++)
		assert_int_equal(child_end(waiters[i]), 0);
	assert_int_equal(turns.guarded->value, 2);
	assert_int_equal(turns.guarded->violations, 0);
	assert_int_equal(portlock_acquire_for(lock, -1), 0);
	portlock_close(lock);
	assert_int_equal(open_fds(0), before);
}

static void a_release_that_cannot_hand_over_still_lets_go(void **state)
{
	static const struct {
		enum call call;
		int error;
	} cases[] = {
		{ CALL_ACCEPT, EMFILE },       { CALL_ACCEPT, ENFILE },
		{ CALL_ACCEPT, ENOMEM },       { CALL_ACCEPT, EINTR },
		{ CALL_ACCEPT, ECONNABORTED }, { CALL_ACCEPT, EPERM },
		{ CALL_GETSOCKOPT, ENOMEM },   { CALL_SENDMSG, ETOOMANYREFS },
		{ CALL_SENDMSG, ENOBUFS },     { CALL_SENDMSG, ENOMEM },
		{ CALL_SENDMSG, EAGAIN },      { CALL_SENDMSG, EPIPE },
		{ CALL_SENDMSG, EINTR },       { CALL_SENDMSG, EACCES },
	};
	struct faults *faults = faults_new();

	faults_use(faults);
	for (size_t i = 0; i < COUNT(cases); i++)
		release_with_a_fault(faults, *state, cases[i].call,
				     cases[i].error);
	faults_use(NULL);
	faults_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_free_lock_is_not_won_but_nothing_stays_bound),
		with_key(a_waiter_gets_the_lock_or_a_documented_error),
		with_key(a_release_that_cannot_hand_over_still_lets_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
