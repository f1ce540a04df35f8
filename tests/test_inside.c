/* SPDX-License-Identifier: MIT */
/* test_inside.c - who is inside of what the holder has leaves the queue with
 * EALREADY instead of waiting, and nobody else notices.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "lib/internal.h"
#include "support/impostor.h"
#include "support/support.h"

#define MOMENT_MS 30

/* ---- what is asked ------------------------------------------------------- */

static int asked;
static pid_t asked_about;
static struct child *releaser; /* lets go while the question is asked */
static bool answer;

static bool ask(const struct pl_address *address, pid_t holder)
{
	(void)address;
	/* Before anybody is connected there is nothing to be said yet. */
	if (holder == PL_NOT_ASKED)
		return false;
	asked++;
	asked_about = holder;
	if (releaser)
		contender_release(releaser);
	return answer;
}

static bool ask_for_parent(const struct pl_address *address, pid_t holder)
{
	(void)address;
	return holder == getppid();
}

static int acquire(portlock_t *lock, int64_t timeout_ms,
		   bool (*is_inside)(const struct pl_address *, pid_t))
{
	struct pl_wait how = {
		.deadline = pl_deadline_after(timeout_ms),
		.sleep = lock->sleep,
		.queue = timeout_ms != 0,
		.watch = -1,
		.is_inside = is_inside,
	};

	return pl_acquire(lock, &how);
}

static int setup(void **state)
{
	asked = 0;
	releaser = NULL;
	answer = true;
	return key_setup(state);
}

/* ---- the answers --------------------------------------------------------- */

struct insider {
	const char *key;
	int64_t timeout_ms;
};

static void enter_from_below(struct child *parent, void *argument)
{
	struct insider *insider = argument;
	portlock_t *lock = open_lock(insider->key, "unix");
	int fds = open_fds(0);

	say(parent, acquire(lock, insider->timeout_ms, ask_for_parent));
	require(!portlock_has_locked(lock));
	require(open_fds(0) == fds);
	portlock_close(lock);
}

static void a_child_of_the_holder_is_inside(void **state)
{
	static const int64_t waits[] = { -1, 0, 100000 };
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");

	assert_int_equal(portlock_acquire(lock), 0);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		struct insider insider = { key->text, waits[i] };
		struct child *child = child_start(enter_from_below, &insider);

		assert_int_equal(hear(child), -EALREADY);
		assert_int_equal(child_end(child), 0);
	}
	assert_true(portlock_has_locked(lock));
	portlock_close(lock);
}

static void the_question_is_about_the_holder(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");
	struct child *first = contender_start(key->text, "unix");
	struct child *next = contender_start(key->text, "unix");

	assert_int_equal(contender_acquire(first, -1), 0);
	assert_int_equal(acquire(lock, 0, ask), -EALREADY);
	assert_int_equal(asked_about, first->pid);
	/* Also after a hand-over. */
	contender_queue(next, key->text, -1);
	contender_release(first);
	assert_int_equal(contender_result(next), 0);
	assert_int_equal(acquire(lock, -1, ask), -EALREADY);
	assert_int_equal(asked_about, next->pid);
	assert_int_equal(asked, 2);
	portlock_close(lock);
}

static void who_is_not_inside_waits(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *holder = contender_start(key->text, "tcp");

	answer = false;
	assert_int_equal(contender_acquire(holder, -1), 0);
	assert_int_equal(acquire(lock, 0, ask), -EBUSY);
	assert_int_equal(acquire(lock, MOMENT_MS, ask), -ETIMEDOUT);
	assert_int_equal(asked, 2);
	releaser = holder;
	assert_int_equal(acquire(lock, -1, ask), 0);
	assert_true(portlock_has_locked(lock));
	portlock_close(lock);
}

/* ---- where nothing is asked ---------------------------------------------- */

static void of_a_free_key_nothing_is_asked(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");

	assert_int_equal(acquire(lock, 0, ask), 0);
	portlock_release(lock);
	assert_int_equal(acquire(lock, -1, ask), 0);
	assert_int_equal(asked, 0);
	portlock_close(lock);
}

static void where_nobody_listens_nothing_is_asked(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");
	int gate = bind_gate(key->text);

	assert_true(gate >= 0);
	assert_int_equal(acquire(lock, 0, ask), -EBUSY);
	assert_int_equal(acquire(lock, MOMENT_MS, ask), -ETIMEDOUT);
	assert_int_equal(asked, 0);
	close(gate);
	portlock_close(lock);
}

static void listen_as_nobody(struct child *parent, void *argument)
{
	int64_t number;

	become_user(NOBODY);
	impostor_gate(argument);
	say(parent, 0);
	while (hear_or_end(parent, &number))
		continue;
}

static void nobody_is_inside_of_what_another_user_has(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");
	struct child *nobody;

	if (geteuid() != 0)
		skip();
	nobody = child_start(listen_as_nobody, key->text);
	hear(nobody);
	assert_int_equal(acquire(lock, 0, ask), -EBUSY);
	assert_int_equal(acquire(lock, MOMENT_MS, ask), -ETIMEDOUT);
	assert_int_equal(asked, 0);
	assert_int_equal(child_end(nobody), 0);
	portlock_close(lock);
}

static void enter_as_nobody(struct child *parent, void *argument)
{
	become_user(NOBODY);
	enter_from_below(parent, argument);
}

static void another_users_child_of_root_is_inside(void **state)
{
	static const int64_t waits[] = { -1, 0 };
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");

	if (geteuid() != 0)
		skip();
	assert_int_equal(portlock_acquire(lock), 0);
	for (int i = 0; i < 2; i++) {
		struct insider insider = { key->text, waits[i] };
		struct child *child = child_start(enter_as_nobody, &insider);

		assert_int_equal(hear(child), -EALREADY);
		assert_int_equal(child_end(child), 0);
	}
	portlock_close(lock);
}

/* ---- while others come and go -------------------------------------------- */

static void a_grant_that_comes_meanwhile_counts(void **state)
{
	static const int64_t waits[] = { -1, 0 };
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *other = contender_start(key->text, "tcp");

	releaser = other;
	for (int i = 0; i < 4; i++) {
		answer = i % 2;
		assert_int_equal(contender_acquire(other, -1), 0);
		assert_int_equal(acquire(lock, waits[i / 2], ask), 0);
		assert_true(portlock_has_locked(lock));
		assert_int_equal(contender_try(other), -EBUSY);
		portlock_release(lock);
	}
	portlock_close(lock);
}

static void the_others_keep_their_order(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");
	struct child *holder = contender_start(key->text, "unix");
	struct child *waiters[3];

	for (int i = 0; i < 3; i++)
		waiters[i] = contender_start(key->text, "unix");
	assert_int_equal(contender_acquire(holder, -1), 0);
	for (int i = 0; i < 3; i++) {
		for (int times = 0; times < 5; times++)
			assert_int_equal(acquire(lock, times % 2 ? -1 : 0, ask),
					 -EALREADY);
		contender_queue(waiters[i], key->text, -1);
	}
	contender_release(holder);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(contender_result(waiters[i]), 0);
		for (int later = i + 1; later < 3; later++)
			assert_false(has_said(waiters[later]));
		contender_release(waiters[i]);
	}
	assert_int_equal(acquire(lock, 0, ask), 0);
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, key_teardown)
		TEST(a_child_of_the_holder_is_inside),
		TEST(the_question_is_about_the_holder),
		TEST(who_is_not_inside_waits),
		TEST(of_a_free_key_nothing_is_asked),
		TEST(where_nobody_listens_nothing_is_asked),
		TEST(nobody_is_inside_of_what_another_user_has),
		TEST(another_users_child_of_root_is_inside),
		TEST(a_grant_that_comes_meanwhile_counts),
		TEST(the_others_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
