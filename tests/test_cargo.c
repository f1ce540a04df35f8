/* SPDX-License-Identifier: MIT */
/* test_cargo.c - what another user sends unasked holds nobody up. */
#include "config.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/attack.h"
#include "support/impostor.h"
#include "support/support.h"

struct scene {
	const char *key;
	bool old;
	int flags; /* of what nobody sends */
};

/* Sends a socket that lingers, tells how that went, and keeps its peer. */
static void send_as_nobody(struct child *parent, void *argument)
{
	struct scene *scene = argument;
	int connection;

	become_user(NOBODY);
	connection = attack_connect(scene->key);
	require(connection >= 0);
	say(parent, attack_send_lingering(connection, scene->flags));
	close(connection);
	hear(parent);
}

/* Holds, releases when told and tells when the release has returned. */
static void hold_as_we_do(struct child *parent, void *argument)
{
	struct scene *scene = argument;
	portlock_t *lock;

	pretend_old_kernel(scene->old);
	lock = open_lock(scene->key, "tcp");
	say(parent, portlock_acquire(lock));
	hear(parent);
	say(parent, portlock_release(lock));
	portlock_close(lock);
}

/* Ends too if the release still hangs: nobody's peer is closed then. */
static void release_behind_cargo(struct key *key, bool old, int flags, int sent)
{
	struct scene scene = { key->text, old, flags };
	struct child *holder = child_start(hold_as_we_do, &scene);
	struct child *nobody, *waiter = contender_start(key->text, "tcp");

	assert_int_equal(hear(holder), 0);
	nobody = child_start(send_as_nobody, &scene);
	assert_int_equal(hear(nobody), sent);
	contender_queue(waiter, key->text, -1);
	say(holder, 0);
	/* While the sender lives. */
	assert_int_equal(contender_result(waiter), 0);
	say(nobody, 0);
	assert_int_equal(child_end(nobody), 0);
	assert_int_equal(hear(holder), 0);
	assert_int_equal(child_end(holder), 0);
	contender_release(waiter);
	assert_int_equal(child_end(waiter), 0);
}

static void a_gate_refuses_descriptors(void **state)
{
	if (!kernel_can_refuse()) {
		print_message("needs Linux 6.16: skipped\n");
		skip();
	}
	release_behind_cargo(*state, false, 0, -EPERM);
}

static void
what_cannot_be_refused_does_not_keep_the_lock_from_the_next(void **state)
{
	release_behind_cargo(*state, true, 0, 0);
}

/* Since Linux 5.15, where it is configured. */
static bool kernel_sends_out_of_band(void)
{
	int pair[2];
	bool sent;

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	sent = send(pair[0], "x", 1, MSG_OOB) == 1;
	close(pair[0]);
	close(pair[1]);
	return sent;
}

static void nor_does_what_comes_out_of_band(void **state)
{
	if (!kernel_sends_out_of_band()) {
		print_message("needs Linux 5.15: skipped\n");
		skip();
	}
	release_behind_cargo(*state, true, MSG_OOB, 0);
}

/* As a holder, sends to a waiter that sleeps. */
static void hold_and_send_as_nobody(struct child *parent, void *argument)
{
	struct scene *scene = argument;
	int gate, waiter;

	become_user(NOBODY);
	gate = impostor_gate(scene->key);
	say(parent, 0);
	waiter = impostor_accept(gate);
	say(parent, 0);
	hear(parent);
	say(parent, attack_send_lingering(waiter, 0));
	hear(parent);
}

static void a_waiter_takes_nothing_from_another_user(void **state)
{
	struct key *key = *state;
	struct scene scene = { key->text, false, 0 };
	struct child *waiter = contender_start(key->text, "tcp");
	struct child *nobody;

	if (!kernel_can_refuse()) {
		print_message("needs Linux 6.16: skipped\n");
		skip();
	}
	nobody = child_start(hold_and_send_as_nobody, &scene);
	hear(nobody);
	contender_begin(waiter, -1);
	assert_int_equal(hear(nobody), 0);
	wait_asleep(waiter->pid);
	say(nobody, 0);
	assert_int_equal(hear(nobody), -EPERM);
	say(nobody, 0);
	assert_int_equal(child_end(nobody), 0);
	assert_int_equal(contender_result(waiter), 0);
	assert_int_equal(child_end(waiter), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_gate_refuses_descriptors),
		with_key(
			what_cannot_be_refused_does_not_keep_the_lock_from_the_next),
		with_key(nor_does_what_comes_out_of_band),
		with_key(a_waiter_takes_nothing_from_another_user),
	};

	if (geteuid() != 0) {
		print_message("only root can become another user: skipped\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
