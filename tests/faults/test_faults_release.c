/* SPDX-License-Identifier: MIT */
/* test_faults_release.c - faults of a release that others wait for. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "play.h"
#include "support/impostor.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct child *waiters[2];

static void hold(struct cast *cast)
{
	cast->is_open = order(cast, cast->actor, OPEN, 0) == 0;
	check(cast, cast->is_open, "the actor cannot open");
	check(cast, order(cast, cast->actor, ACQUIRE, PATIENT_MS) == 0,
	      "the actor cannot acquire");
}

static void queue_up(struct cast *cast, struct child *waiter)
{
	int length = cast->verdict ? 0 : gate_queue(cast->key.text);

	tell(cast, waiter, ACQUIRE, PATIENT_MS);
	await_queue(cast, length + 1);
}

static void release(struct cast *cast)
{
	arm(cast);
	check(cast, order(cast, cast->actor, RELEASE, 0) == 0,
	      "a release fails");
}

static bool is_one_served(struct cast *cast)
{
	(void)cast;
	return has_said(waiters[0]) || has_said(waiters[1]);
}

/* Both waiters get it, one after the other; who is first depends. */
static void both_are_served(struct cast *cast, struct child *one,
			    struct child *other)
{
	int first;

	waiters[0] = one;
	waiters[1] = other;
	await(cast, is_one_served, "no waiter gets what was released");
	if (cast->verdict)
		return;
	first = has_said(one) ? 0 : 1;
	/* By now it would have answered if it held as well. */
	wait_asleep(waiters[!first]->pid);
	for (int i = 0; i < 2; i++) {
		struct child *waiter = waiters[i ? !first : first];

		check(cast, answer(cast, waiter) == 0, "a waiter fails");
		check(cast, order(cast, waiter, RELEASE, 0) == 0,
		      "a waiter cannot release");
	}
}

static void two_wait(struct cast *cast)
{
	hold(cast);
	queue_up(cast, cast->peers[FIRST]);
	queue_up(cast, cast->peers[SECOND]);
	release(cast);
	both_are_served(cast, cast->peers[FIRST], cast->peers[SECOND]);
}

/* The actor was granted it, and so takes it that others wait. */
static void granted_before(struct cast *cast)
{
	struct child *first = cast->peers[FIRST];

	cast->is_open = order(cast, cast->actor, OPEN, 0) == 0;
	check(cast, order(cast, first, ACQUIRE, PATIENT_MS) == 0,
	      "a peer cannot acquire");
	queue_up(cast, cast->actor);
	check(cast, order(cast, first, RELEASE, 0) == 0,
	      "a peer cannot release");
	check(cast, answer(cast, cast->actor) == 0, "the actor is not granted");
}

static void two_wait_as_before(struct cast *cast)
{
	granted_before(cast);
	queue_up(cast, cast->peers[FIRST]);
	queue_up(cast, cast->peers[SECOND]);
	release(cast);
	both_are_served(cast, cast->peers[FIRST], cast->peers[SECOND]);
}

static void none_waits_any_more(struct cast *cast)
{
	granted_before(cast);
	release(cast);
}

/* Its dead connection stays in the queue. */
static void the_first_is_gone(struct cast *cast)
{
	hold(cast);
	check(cast, order(cast, cast->peers[FIRST], ACQUIRE, 1) == -ETIMEDOUT,
	      "a waiter does not time out");
	queue_up(cast, cast->peers[SECOND]);
	release(cast);
	check(cast, answer(cast, cast->peers[SECOND]) == 0,
	      "the waiter gets nothing");
	check(cast, order(cast, cast->peers[SECOND], RELEASE, 0) == 0,
	      "a waiter cannot release");
}

static void the_first_is_stopped(struct cast *cast)
{
	pid_t pid = cast->peers[FIRST]->pid;

	hold(cast);
	queue_up(cast, cast->peers[FIRST]);
	if (cast->verdict)
		return;
	kill(pid, SIGSTOP);
	wait_stopped(pid);
	queue_up(cast, cast->peers[SECOND]);
	sleep_ns(1500000); /* before that nobody is looked at */
	release(cast);
	kill(pid, SIGCONT);
	both_are_served(cast, cast->peers[FIRST], cast->peers[SECOND]);
}

/* The gate goes on to the next when its ports cannot be had. */
static void ports_taken(struct cast *cast)
{
	int ports[2];

	cast->is_open = order(cast, cast->actor, OPEN, 0) == 0;
	for (int i = 0; i < 2; i++)
		ports[i] = bind_port(cast->key.ports[i]);
	arm(cast);
	tell(cast, cast->actor, ACQUIRE, 5);
	tell(cast, cast->peers[FIRST], ACQUIRE, PATIENT_MS);
	acquired(cast, ACQUIRE, 5);
	for (int i = 0; i < 2; i++)
		close(ports[i]);
	if (atomic_load(&cast->stage->holders) > 0)
		order(cast, cast->actor, RELEASE, 0);
	check(cast, answer(cast, cast->peers[FIRST]) == 0,
	      "the waiter gets nothing");
	check(cast, order(cast, cast->peers[FIRST], RELEASE, 0) == 0,
	      "a waiter cannot release");
}

static void every_fault_of_a_release(void **state)
{
	static const struct scene scenes[] = {
		{ "two wait", "tcp", two_wait, 0 },
		{ "two wait", "unix", two_wait, 0 },
		{ "two wait as before", "unix", two_wait_as_before, 0 },
		{ "none waits any more", "unix", none_waits_any_more, 0 },
		{ "the first is gone", "tcp", the_first_is_gone, 0 },
		{ "the first is stopped", "unix", the_first_is_stopped, 0 },
		{ "ports taken", "tcp", ports_taken, 4 },
	};

	(void)state;
	assert_int_equal(play_all(scenes, COUNT(scenes)), 0);
}

/* A waiter of another user is hung up on, and gets it by itself. */
static void a_stranger_waits(struct cast *cast)
{
	struct child *stranger = cast_start(cast, NOBODY, false);

	check(cast, order(cast, stranger, OPEN, 0) == 0,
	      "the stranger cannot open");
	hold(cast);
	queue_up(cast, stranger);
	queue_up(cast, cast->peers[FIRST]);
	release(cast);
	both_are_served(cast, cast->peers[FIRST], stranger);
	order(cast, stranger, CLOSE, 0);
	if (!cast->verdict)
		check(cast, child_end(stranger) == 0, "the stranger fails");
}

static void every_fault_of_a_release_to_a_stranger(void **state)
{
	static const struct scene scenes[] = {
		{ "a stranger waits", "tcp", a_stranger_waits, 0 },
		{ "a stranger waits", "unix", a_stranger_waits, 0 },
	};

	(void)state;
	if (geteuid() != 0) {
		print_message("only root can become another user\n");
		skip();
	}
	assert_int_equal(play_all(scenes, COUNT(scenes)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_of_a_release),
		cmocka_unit_test(every_fault_of_a_release_to_a_stranger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
