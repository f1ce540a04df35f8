/* SPDX-License-Identifier: MIT */
/* test_shim_sysvsem_undo.c - the value of a System V semaphore when its holder
 * has died, whatever was done to it before.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>

#include "support/sysvsem.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What is left when the holder ends after the command, and not by a kill. */
static void assert_free_after(const char *set, int command)
{
	struct child *holder = sysvsem_holder(set, RULES);
	struct child *bare = sysvsem_start(set, BARE);

	assert_int_equal(victim_do(holder, command), 0);
	assert_int_equal(victim_do(bare, SYSV_value), 1);
	assert_int_equal(child_end(holder), 0);
	assert_int_equal(victim_do(bare, SYSV_value), 1);
	child_end(bare);
}

static void the_value_is_right_whoever_gives_it_back(void **state)
{
	static const int gives[] = { SYSV_give, SYSV_give_in_thread,
				     SYSV_give_in_child, SYSV_set_1,
				     SYSV_set_all_1 };
	struct sysvsem_names *names = *state;

	for (size_t i = 0; i < COUNT(gives); i++)
		assert_free_after(names->set, gives[i]);
}

static void what_another_gives_back_is_not_undone(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *holder = sysvsem_holder(names->set, RULES);
	struct child *other = sysvsem_start(names->set, RULES);

	assert_int_equal(victim_do(other, SYSV_give), 0);
	assert_int_equal(victim_do(other, SYSV_value), 1);
	assert_int_equal(child_end(holder), 0);
	assert_int_equal(victim_do(other, SYSV_value), 1);
	holder = sysvsem_start(names->set, RULES);
	assert_int_equal(victim_do(holder, SYSV_set_0), 0);
	assert_int_equal(victim_do(holder, SYSV_up_take), 0);
	assert_int_equal(victim_do(holder, SYSV_up_give_in_child), 0);
	assert_int_equal(child_end(holder), 0);
	assert_int_equal(victim_do(other, SYSV_value), 0);
}

static void to_set_the_free_value_is_to_give_back(void **state)
{
	static const int sets[] = { SYSV_set_1, SYSV_set_all_1 };
	struct sysvsem_names *names = *state;

	for (int i = 0; i < 2; i++) {
		struct child *holder = sysvsem_holder(names->set, RULES);
		struct child *next = sysvsem_start(names->set, RULES);

		assert_int_equal(victim_do(holder, sets[i]), 0);
		assert_false(gate_is_bound(names->lock));
		assert_int_equal(victim_do(next, SYSV_try), 0);
		child_kill(holder);
		assert_int_equal(victim_do(next, SYSV_value), 0);
		assert_int_equal(victim_do(next, SYSV_give), 0);
		child_end(next);
	}
}

static void the_kernel_forgets_what_a_set_value_ends(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *holder = sysvsem_holder(names->set, RULES);
	struct child *bare = sysvsem_start(names->set, BARE);

	assert_int_equal(victim_do(holder, SYSV_set_0), 0);
	assert_true(gate_is_bound(names->lock));
	assert_int_equal(victim_do(holder, SYSV_give), 0);
	assert_false(gate_is_bound(names->lock));
	assert_int_equal(child_end(holder), 0);
	assert_int_equal(victim_do(bare, SYSV_value), 1);
}

static void a_set_of_operations_may_give_back(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *holder = sysvsem_start(names->set, RULES);
	struct child *bare = sysvsem_start(names->set, BARE);

	assert_int_equal(victim_do(holder, SYSV_set_all_1), 0);
	assert_int_equal(victim_do(holder, SYSV_take), 0);
	assert_int_equal(victim_do(holder, SYSV_move), 0);
	assert_false(gate_is_bound(names->lock));
	assert_int_equal(victim_do(bare, SYSV_value), 1);
	assert_int_equal(child_end(holder), 0);
	assert_int_equal(victim_do(bare, SYSV_value), 1);
	assert_int_equal(victim_do(bare, SYSV_take_other), EAGAIN);
}

static void a_forked_child_neither_holds_nor_gives_back(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *holder = sysvsem_holder(names->set, RULES);
	struct child *other = sysvsem_start(names->set, RULES);

	assert_int_equal(victim_do(holder, SYSV_try_in_child), EAGAIN);
	assert_int_equal(victim_do(other, SYSV_try), EAGAIN);
	child_kill(holder);
	assert_int_equal(victim_do(other, SYSV_try), 0);
}

static void a_removed_set_lets_go(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *holder = sysvsem_holder(names->set, RULES);
	struct child *next = sysvsem_start(names->set, RULES);

	say(next, SYSV_take);
	wait_for_queue(names->lock, 1);
	assert_int_equal(victim_do(holder, SYSV_remove), 0);
	assert_int_equal(hear(next), EINVAL);
	assert_false(gate_is_bound(names->lock));
	sysvsem_create(holder);
	assert_int_equal(victim_do(holder, SYSV_set_1), 0);
	assert_int_equal(victim_do(holder, SYSV_take), 0);
	/* By somebody else, which only the next call can tell. */
	assert_int_equal(
		victim_do(sysvsem_start(names->set, BARE), SYSV_remove), 0);
	assert_int_equal(victim_do(holder, SYSV_give), EINVAL);
	assert_false(gate_is_bound(names->lock));
}

static void a_set_that_nobody_has_is_removed(void **state)
{
	struct sysvsem_names *names = *state;
	struct child *remover = sysvsem_holder(names->set, RULES);

	assert_int_equal(victim_do(remover, SYSV_give), 0);
	assert_int_equal(victim_do(remover, SYSV_remove), 0);
	/* A new one is not what the old one was. */
	sysvsem_create(remover);
	assert_int_equal(victim_do(remover, SYSV_set_1), 0);
	assert_int_equal(victim_do(remover, SYSV_remove), 0);
	assert_int_equal(child_end(remover), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_set(the_value_is_right_whoever_gives_it_back),
		with_set(what_another_gives_back_is_not_undone),
		with_set(to_set_the_free_value_is_to_give_back),
		with_set(the_kernel_forgets_what_a_set_value_ends),
		with_set(a_set_of_operations_may_give_back),
		with_set(a_forked_child_neither_holds_nor_gives_back),
		with_set(a_removed_set_lets_go),
		with_set(a_set_that_nobody_has_is_removed),
	};

	return cmocka_run_group_tests(tests, victim_group_setup, NULL);
}
