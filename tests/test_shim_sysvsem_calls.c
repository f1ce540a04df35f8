/* SPDX-License-Identifier: MIT */
/* test_shim_sysvsem_calls.c - System V semaphores behave under the shim as they
 * do without it: signals, timeouts, and what is no mutex.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "support/sysvsem.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- what is no mutex ---------------------------------------------------- */

static void what_counts_passes_through(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *one = sysvsem_start(names->set, RULES);
	struct child *two = sysvsem_start(names->set, RULES);

	assert_int_equal(victim_do(one, SYSV_set_3), 0);
	assert_int_equal(victim_do(one, SYSV_take), 0);
	assert_int_equal(victim_do(two, SYSV_take), 0);
	assert_int_equal(victim_do(one, SYSV_take), 0);
	assert_int_equal(victim_do(two, SYSV_try), EAGAIN);
	assert_int_equal(victim_do(one, SYSV_give), 0);
	assert_int_equal(victim_do(two, SYSV_take), 0);
	assert_false(gate_is_bound(names->lock));
	assert_true(victim_log_has("passes through"));
	child_kill(one);
	assert_int_equal(victim_do(two, SYSV_value), 0);
}

static void an_event_passes_through(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *one = sysvsem_start(names->set, RULES);
	struct child *two = sysvsem_start(names->set, RULES);

	begin_real_take(one, names->set);
	assert_int_equal(victim_do(two, SYSV_give), 0);
	assert_int_equal(hear(one), 0);
	assert_int_equal(victim_do(two, SYSV_give), 0);
	assert_int_equal(victim_do(two, SYSV_give), 0);
	assert_int_equal(victim_do(one, SYSV_value), 2);
	assert_false(gate_is_bound(names->lock));
}

static void what_others_give_back_turns_out_to_be_an_event(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *one = sysvsem_holder(names->set, RULES);
	struct child *two = sysvsem_start(names->set, RULES);

	assert_true(gate_is_bound(names->lock));
	begin_real_take(one, names->set);
	assert_int_equal(victim_do(two, SYSV_give), 0);
	assert_int_equal(hear(one), 0);
	assert_false(gate_is_bound(names->lock));
	assert_true(victim_log_has("passes through"));
	assert_int_equal(child_end(one), 0);
	assert_int_equal(victim_do(two, SYSV_value), 0);
}

static void sets_of_operations_pass_through(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *one = sysvsem_start(names->set, RULES);

	assert_int_equal(victim_do(one, SYSV_set_all_1), 0);
	assert_int_equal(victim_do(one, SYSV_take_both), 0);
	assert_int_equal(victim_do(one, SYSV_take_both), EAGAIN);
	assert_false(gate_is_bound(names->lock));
	child_kill(one);
	assert_int_equal(victim_do(sysvsem_start(names->set, BARE), SYSV_value),
			 0);
}

/* All that one process can do, with the results in a row. */
static void record(const char *set, const char *rules, int results[64])
{
	static const int commands[] = {
		SYSV_create,	SYSV_look,	     SYSV_set_1,
		SYSV_take,	SYSV_value,	     SYSV_try,
		SYSV_timed,	SYSV_timed_zero,     SYSV_timed_wrong,
		SYSV_look,	SYSV_try_in_child,   SYSV_give,
		SYSV_value,	SYSV_give,	     SYSV_value,
		SYSV_set_1,	SYSV_take_undo,	     SYSV_value,
		SYSV_give_undo, SYSV_value,	     SYSV_take,
		SYSV_wait_zero, SYSV_give_in_thread, SYSV_value,
		SYSV_wait_zero, SYSV_take,	     SYSV_give_in_child,
		SYSV_take,	SYSV_value,	     SYSV_set_0,
		SYSV_up_take,	SYSV_up_try,	     SYSV_value,
		SYSV_up_give,	SYSV_up_take,	     SYSV_up_give_in_child,
		SYSV_value,	SYSV_set_all_1,	     SYSV_take_both,
		SYSV_give,	SYSV_take_both,	     SYSV_wrong,
		SYSV_look,	SYSV_remove,	     SYSV_take,
		SYSV_give,	SYSV_set_1,	     SYSV_remove,
	};
	struct child *victim = sysvsem_start(set, rules);

	_Static_assert(COUNT(commands) <= 64, "there is no room");
	for (size_t i = 0; i < COUNT(commands); i++)
		results[i] = victim_do(victim, commands[i]);
	assert_int_equal(child_end(victim), 0);
}

static void one_process_alone_sees_no_difference(void **state)
{
	static const char *const rules[] = {
		"",    "sysvsem /0x1/0",    "sem *",
		RULES, RULES " timeout=99", RULES " hold=exit"
	};
	struct sysvsem_names *names = *state;
	int bare[64] = { 0 }, shimmed[64] = { 0 };

	record(names->set, BARE, bare);
	for (size_t i = 0; i < COUNT(rules); i++) {
		record(names->set, rules[i], shimmed);
		assert_memory_equal(bare, shimmed, sizeof(bare));
	}
}

/* ---- signals ------------------------------------------------------------- */

static bool has_ended_by_signals(void *victim)
{
	kill(((struct child *)victim)->pid, SIGUSR1);
	return has_said(victim);
}

static void every_signal_handler_ends_a_wait(void **state)
{
	static const char *const both[] = { BARE, RULES };
	static const int handlers[] = { SYSV_interrupt, SYSV_restart };
	struct sysvsem_names *names = *state;

	for (int i = 0; i < 8; i++) {
		struct child *holder = sysvsem_holder(names->set, both[i / 4]);
		struct child *other =
			sysvsem_start(names->set, both[i / 2 % 2]);

		assert_int_equal(victim_do(other, handlers[i % 2]), 0);
		say(other, SYSV_take);
		wait_until(has_ended_by_signals, other);
		assert_int_equal(hear(other), EINTR);
		assert_int_equal(victim_do(other, SYSV_try), EAGAIN);
		assert_int_equal(victim_do(holder, SYSV_give), 0);
		assert_int_equal(victim_do(other, SYSV_try), 0);
		assert_int_equal(victim_do(other, SYSV_give), 0);
		child_end(holder);
		child_end(other);
	}
}

/* ---- rules --------------------------------------------------------------- */

static void a_timeout_in_the_rule_bounds_every_wait(void **state)
{
	static const char *const both[] = { BARE, RULES };
	struct sysvsem_names *names = *state;

	for (int i = 0; i < 2; i++) {
		struct child *holder = sysvsem_holder(names->set, both[i]);
		struct child *other =
			sysvsem_start(names->set, RULES " timeout=0.05");
		int64_t begin;

		/* That it is a mutex, nobody knows who finds it taken. */
		assert_int_equal(victim_do(holder, SYSV_give), 0);
		assert_int_equal(victim_do(other, SYSV_take), 0);
		assert_int_equal(victim_do(other, SYSV_give), 0);
		assert_int_equal(victim_do(holder, SYSV_take), 0);
		begin = now_ns();
		assert_int_equal(victim_do(other, SYSV_take), EAGAIN);
		assert_true(now_ns() - begin >= 50000000);
		child_end(holder);
		child_end(other);
	}
}

static void with_a_timeout_also_a_try_waits(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *holder = sysvsem_holder(names->set, RULES);
	struct child *next = sysvsem_start(names->set, RULES " timeout=99");
	struct child *bare = sysvsem_start(names->set, BARE);

	say(next, SYSV_try);
	wait_for_queue(names->lock, 1);
	assert_int_equal(victim_do(holder, SYSV_give), 0);
	assert_int_equal(hear(next), 0);
	assert_int_equal(victim_do(next, SYSV_give), 0);
	assert_int_equal(victim_do(bare, SYSV_take), 0);
	say(next, SYSV_try);
	wait_for_gate(names->lock);
	wait_asleep(next->pid);
	assert_int_equal(victim_do(bare, SYSV_give), 0);
	assert_int_equal(hear(next), 0);
	assert_int_equal(victim_do(holder, SYSV_try), EAGAIN);
}

static void hold_exit_keeps_the_portlock_alone(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *holder = sysvsem_holder(names->set, RULES " hold=exit");
	struct child *next = sysvsem_start(names->set, RULES);

	assert_int_equal(victim_do(holder, SYSV_give), 0);
	assert_int_equal(victim_do(holder, SYSV_value), 1);
	assert_int_equal(victim_do(next, SYSV_try), EAGAIN);
	assert_int_equal(child_end(holder), 0);
	assert_int_equal(victim_do(next, SYSV_try), 0);
}

static void without_descriptors_the_kernel_still_frees(void **state)
{
	static const struct rlimit none = { 3, 1024 };
	struct sysvsem_names *names = *state;
	struct child *holder = sysvsem_start(names->set, RULES);
	struct child *other = sysvsem_start(names->set, RULES);

	assert_int_equal(prlimit(holder->pid, RLIMIT_NOFILE, &none, NULL), 0);
	assert_int_equal(victim_do(holder, SYSV_set_1), 0);
	assert_int_equal(victim_do(holder, SYSV_take), 0);
	assert_false(gate_is_bound(names->lock));
	assert_int_equal(victim_do(other, SYSV_try), EAGAIN);
	assert_int_equal(victim_do(holder, SYSV_give), 0);
	assert_int_equal(victim_do(holder, SYSV_take), 0);
	child_kill(holder);
	assert_int_equal(victim_do(other, SYSV_value), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_set(what_counts_passes_through),
		with_set(an_event_passes_through),
		with_set(what_others_give_back_turns_out_to_be_an_event),
		with_set(sets_of_operations_pass_through),
		with_set(one_process_alone_sees_no_difference),
		with_set(every_signal_handler_ends_a_wait),
		with_set(a_timeout_in_the_rule_bounds_every_wait),
		with_set(with_a_timeout_also_a_try_waits),
		with_set(hold_exit_keeps_the_portlock_alone),
		with_set(without_descriptors_the_kernel_still_frees),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
