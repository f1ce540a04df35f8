/* SPDX-License-Identifier: MIT */
/* test_header_c.c - the public header, alone and as C99, is enough. */
#include <portlock/portlock.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A prototype that changes stops here: programs were compiled against it. */
static int (*const open_lock)(portlock_t **, const char *,
			      const struct portlock_options *) = portlock_open;
static int (*const acquire)(portlock_t *) = portlock_acquire;
static int (*const acquire_for)(portlock_t *, int64_t) = portlock_acquire_for;
static int (*const acquire_interruptible)(portlock_t *, int64_t) =
	portlock_acquire_interruptible;
static int (*const try_lock)(portlock_t *) = portlock_try_lock;
static int (*const release)(portlock_t *) = portlock_release;
static bool (*const has_locked)(const portlock_t *) = portlock_has_locked;
static uint64_t (*const token)(const portlock_t *) = portlock_token;
static void (*const close_lock)(portlock_t *) = portlock_close;
static int (*const ports)(const portlock_t *,
			  uint16_t[PORTLOCK_PORTS]) = portlock_ports;
static const char *(*const gate)(const portlock_t *) = portlock_gate;
static int (*const holder)(const portlock_t *,
			   struct portlock_holder *) = portlock_holder;
static int (*const waiters)(const portlock_t *, struct portlock_process *,
			    size_t, size_t *) = portlock_waiters;
static const char *(*const text)(int) = portlock_strerror;
static const char *(*const version)(void) = portlock_version;

static portlock_t *open_unique(void)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	char key[64];
	portlock_t *lock;

	snprintf(key, sizeof(key), "test_header_c %ld", (long)getpid());
	options.transport = "unix"; /* no strangers on ports */
	assert_int_equal(open_lock(&lock, key, &options), 0);
	return lock;
}

static void every_way_to_acquire_holds_until_the_release(void **state)
{
	portlock_t *lock = open_unique();

	(void)state;
	assert_false(has_locked(lock));
	assert_int_equal(acquire(lock), 0);
	assert_true(has_locked(lock));
	assert_true(token(lock) != 0);
	assert_int_equal(release(lock), 0);
	assert_int_equal(acquire_for(lock, -1), 0);
	assert_int_equal(release(lock), 0);
	assert_int_equal(acquire_interruptible(lock, -1), 0);
	assert_int_equal(release(lock), 0);
	assert_int_equal(try_lock(lock), 0);
	assert_int_equal(try_lock(lock), -EDEADLK);
	assert_int_equal(release(lock), 0);
	assert_false(has_locked(lock));
	assert_true(token(lock) == 0);
	close_lock(lock);
}

static void a_handle_tells_its_addresses(void **state)
{
	portlock_t *lock = open_unique();
	uint16_t numbers[PORTLOCK_PORTS];

	(void)state;
	assert_int_equal(ports(lock, numbers), 0);
	assert_in_range(numbers[0], 40000, 59999);
	assert_int_equal(numbers[1], numbers[0] + 1);
	assert_int_equal(numbers[2], numbers[0] + 2);
	assert_memory_equal(gate(lock), "/portlock/test_header_c ", 24);
	close_lock(lock);
}

static void the_holder_can_be_seen(void **state)
{
	struct portlock_holder who = PORTLOCK_HOLDER_INIT;
	portlock_t *lock = open_unique();
	size_t count = 1;

	(void)state;
	assert_int_equal(holder(lock, &who), -ENOENT);
	assert_int_equal(acquire(lock), 0);
	assert_int_equal(holder(lock, &who), 0);
	assert_int_equal(who.process.pid, getpid());
	assert_int_equal(waiters(lock, NULL, 0, &count), 0);
	assert_int_equal(count, 0);
	close_lock(lock);
}

static void no_handle_is_an_error_and_never_a_crash(void **state)
{
	uint16_t numbers[PORTLOCK_PORTS];

	(void)state;
	assert_int_equal(acquire(NULL), -EINVAL);
	assert_int_equal(acquire_for(NULL, -1), -EINVAL);
	assert_int_equal(acquire_interruptible(NULL, -1), -EINVAL);
	assert_int_equal(try_lock(NULL), -EINVAL);
	assert_int_equal(release(NULL), -EINVAL);
	assert_int_equal(ports(NULL, numbers), -EINVAL);
	assert_false(has_locked(NULL));
	assert_true(token(NULL) == 0);
	assert_null(gate(NULL));
	close_lock(NULL);
}

static void the_library_is_as_old_as_its_header(void **state)
{
	char numbers[64];

	(void)state;
	assert_string_equal(version(), PORTLOCK_VERSION);
	snprintf(numbers, sizeof(numbers), "%d.%d.%d", PORTLOCK_VERSION_MAJOR,
		 PORTLOCK_VERSION_MINOR, PORTLOCK_VERSION_PATCH);
	assert_memory_equal(PORTLOCK_VERSION, numbers, strlen(numbers));
	assert_string_equal(text(0), "no error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_to_acquire_holds_until_the_release),
		cmocka_unit_test(a_handle_tells_its_addresses),
		cmocka_unit_test(the_holder_can_be_seen),
		cmocka_unit_test(no_handle_is_an_error_and_never_a_crash),
		cmocka_unit_test(the_library_is_as_old_as_its_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
