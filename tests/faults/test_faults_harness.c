/* SPDX-License-Identifier: MIT */
/* test_faults_harness.c - what the scenes must notice, they do notice: faults
 * that no lock could bear, and a call that never returns.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "play.h"

static void sleep_for_ever(void)
{
	for (;;)
		pause();
}

static void hold(struct cast *cast)
{
	cast->is_open = order(cast, cast->actor, OPEN, 0) == 0;
	order(cast, cast->actor, ACQUIRE, PATIENT_MS);
}

static void release(struct cast *cast)
{
	hold(cast);
	arm(cast);
	order(cast, cast->actor, RELEASE, 0);
}

static void hand_over(struct cast *cast)
{
	hold(cast);
	for (int i = 0; i < PEERS; i++) {
		tell(cast, cast->peers[i], ACQUIRE, PATIENT_MS);
		await_queue(cast, i + 1);
	}
	arm(cast);
	order(cast, cast->actor, RELEASE, 0);
	for (int i = 0; i < PEERS; i++)
		check(cast, answer(cast, cast->peers[i]) == 0, "not granted");
	for (int i = 0; i < PEERS; i++)
		order(cast, cast->peers[i], RELEASE, 0);
}

static void acquire(struct cast *cast)
{
	cast->is_open = order(cast, cast->actor, OPEN, 0) == 0;
	arm(cast);
	acquire_now(cast, ACQUIRE, PATIENT_MS);
}

/* Judged as if it had all the time in the world. */
static void refuse(struct cast *cast)
{
	struct child *holder = cast->peers[FIRST];

	cast->is_open = order(cast, cast->actor, OPEN, 0) == 0;
	order(cast, holder, ACQUIRE, PATIENT_MS);
	arm(cast);
	tell(cast, cast->actor, ACQUIRE, 1);
	acquired(cast, ACQUIRE, -1);
	order(cast, holder, RELEASE, 0);
}

/* The handle has kept a connection. */
static void close_after_a_hand_over(struct cast *cast)
{
	struct child *waiter = cast->peers[FIRST];

	hold(cast);
	tell(cast, waiter, ACQUIRE, PATIENT_MS);
	await_queue(cast, 1);
	order(cast, cast->actor, RELEASE, 0);
	answer(cast, waiter);
	order(cast, waiter, RELEASE, 0);
	arm(cast);
	order(cast, cast->actor, CLOSE, 0);
	cast->is_open = false;
}

static void assert_verdict(struct fault_plan plan,
			   void (*scene)(struct cast *cast),
			   void (*before)(void), int64_t hang_ms,
			   const char *verdict)
{
	struct cast cast = { .plan = plan, .transport = "unix" };
	struct scene canary = { "canary", "unix", scene, 0 };
	const char *found;

	cast_begin(&cast);
	if (hang_ms)
		cast.hang_ms = hang_ms;
	cast.stage->faults.calls[plan.call].before = before;
	found = play(&cast, &canary);
	cast_end(&cast);
	if (verdict)
		assert_non_null(found);
	if (found)
		assert_string_equal(found, verdict ? verdict : "");
}

static void a_scene_without_a_fault_is_well(void **state)
{
	struct fault_plan none = { .skip = INT16_MAX };

	(void)state;
	assert_verdict(none, acquire, NULL, 0, NULL);
}

static void a_descriptor_that_is_left_is_noticed(void **state)
{
	struct fault_plan plan = { .call = CALL_CLOSE, .error = EIO };

	(void)state;
	assert_verdict(plan, close_after_a_hand_over, NULL, 0,
		       "descriptors are left");
}

static void a_name_that_stays_bound_is_noticed(void **state)
{
	struct fault_plan plan = { .call = CALL_CLOSE, .error = EIO };

	(void)state;
	assert_verdict(plan, release, NULL, 4000,
		       "nobody holds, and a peer cannot acquire");
}

/* Told that the first waiter has gone, it gives the lock to the second. */
static void two_holders_are_noticed(void **state)
{
	struct fault_plan plan = { .call = CALL_SENDMSG,
				   .error = EPIPE,
				   .form = FAULT_DONE };

	(void)state;
	assert_verdict(plan, hand_over, NULL, 0, "there were two holders");
}

static void a_call_that_never_returns_is_noticed(void **state)
{
	struct fault_plan none = { .call = CALL_BIND, .skip = INT16_MAX };

	(void)state;
	assert_verdict(none, acquire, sleep_for_ever, 1000, "a process hangs");
}

static void a_wrong_error_is_noticed(void **state)
{
	struct fault_plan none = { .skip = INT16_MAX };

	(void)state;
	assert_verdict(none, refuse, NULL, 0,
		       "an acquire ends in an error that is not documented "
		       "for it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scene_without_a_fault_is_well),
		cmocka_unit_test(a_descriptor_that_is_left_is_noticed),
		cmocka_unit_test(a_name_that_stays_bound_is_noticed),
		cmocka_unit_test(two_holders_are_noticed),
		cmocka_unit_test(a_call_that_never_returns_is_noticed),
		cmocka_unit_test(a_wrong_error_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
