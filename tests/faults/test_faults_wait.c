/* SPDX-License-Identifier: MIT */
/* test_faults_wait.c - faults behind a holder: granted, timed out, refused. */
#include "config.h"

#include <errno.h>

#include "play.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct child *open_behind_a_holder(struct cast *cast)
{
	struct child *holder = cast->peers[FIRST];

	check(cast, order(cast, holder, ACQUIRE, PATIENT_MS) == 0,
	      "the holder cannot acquire");
	cast->is_open = order(cast, cast->actor, OPEN, 0) == 0;
	check(cast, cast->is_open, "the actor cannot open");
	return holder;
}

static void let_go(struct cast *cast, struct child *holder)
{
	check(cast, order(cast, holder, RELEASE, 0) == 0,
	      "the holder cannot release");
}

static void granted_as(struct cast *cast, enum order how)
{
	struct child *holder = open_behind_a_holder(cast);

	arm(cast);
	tell(cast, cast->actor, how, cast->patience);
	await_queue(cast, 1);
	let_go(cast, holder);
	acquired(cast, how, cast->patience);
}

static void granted(struct cast *cast)
{
	granted_as(cast, ACQUIRE);
}

static void granted_alert(struct cast *cast)
{
	granted_as(cast, ALERT);
}

/* As the shim waits. */
static void granted_after_a_look(struct cast *cast)
{
	granted_as(cast, LOOK);
}

/* The handle keeps connections of a hand-over to it and one from it. */
static void granted_again(struct cast *cast)
{
	struct child *holder = open_behind_a_holder(cast);

	for (int turn = 0; turn < 2; turn++) {
		tell(cast, cast->actor, ACQUIRE, PATIENT_MS);
		await_queue(cast, 1);
		let_go(cast, holder);
		check(cast, answer(cast, cast->actor) == 0,
		      "the actor cannot acquire");
		tell(cast, holder, ACQUIRE, PATIENT_MS);
		await_queue(cast, 1);
		check(cast, order(cast, cast->actor, RELEASE, 0) == 0,
		      "the actor cannot release");
		check(cast, answer(cast, holder) == 0,
		      "the holder is not granted");
	}
	arm(cast);
	tell(cast, cast->actor, ACQUIRE, cast->patience);
	await_queue(cast, 1);
	let_go(cast, holder);
	acquired(cast, ACQUIRE, cast->patience);
}

/* Whoever is refused has disturbed nobody. */
static void refused(struct cast *cast, enum order how, int64_t timeout_ms)
{
	struct child *holder = open_behind_a_holder(cast);

	arm(cast);
	check(cast, acquire_now(cast, how, timeout_ms) != 0,
	      "the actor gets what another holds");
	let_go(cast, holder);
}

static void timed_out(struct cast *cast)
{
	refused(cast, ACQUIRE, 2);
}

static void timed_out_alert(struct cast *cast)
{
	refused(cast, ALERT, 2);
}

static void try(struct cast *cast)
{
	refused(cast, TRY, 0);
}

static void look(struct cast *cast)
{
	refused(cast, LOOK, 0);
}

static void every_fault_behind_a_holder(void **state)
{
	static const struct scene scenes[] = {
		{ "granted", "tcp", granted, 0 },
		{ "granted", "unix", granted, 0 },
		{ "granted again", "tcp", granted_again, 0 },
		{ "granted alert", "unix", granted_alert, 0 },
		{ "granted after a look", "unix", granted_after_a_look, 0 },
		{ "timed out", "tcp", timed_out, 0 },
		{ "timed out alert", "unix", timed_out_alert, 0 },
		{ "try", "tcp", try, 0 },
		{ "look", "unix", look, 0 },
	};

	(void)state;
	assert_int_equal(play_all(scenes, COUNT(scenes)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_behind_a_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
