/* SPDX-License-Identifier: MIT */
/* test_open.c - making a handle: options, bad input, no memory. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/internal.h"

static const struct portlock_options defaults = PORTLOCK_OPTIONS_INIT;

static struct pl_ops ops;
static int allocations_left; /* until one fails; negative: none does */
static int allocated;	     /* and not yet freed */
static int sockets;

static void *counting_calloc(size_t count, size_t size)
{
	void *memory;

	if (allocations_left >= 0 && allocations_left-- == 0) {
		errno = ENOMEM;
		return NULL;
	}
	memory = calloc(count, size);
	allocated += memory != NULL;
	return memory;
}

static void counting_free(void *memory)
{
	allocated -= memory != NULL;
	free(memory);
}

static int counting_socket(int domain, int type, int protocol)
{
	sockets++;
	return pl_libc_ops.socket(domain, type, protocol);
}

/* Each test starts without the variable and with calls that count. */
static int setup(void **state)
{
	(void)state;
	ops = pl_libc_ops;
	ops.calloc = counting_calloc;
	ops.free = counting_free;
	ops.socket = counting_socket;
	pl_ops = &ops;
	allocations_left = -1;
	allocated = sockets = 0;
	return unsetenv("PORTLOCK_TRANSPORT");
}

static int teardown(void **state)
{
	(void)state;
	pl_ops = &pl_libc_ops;
	return unsetenv("PORTLOCK_TRANSPORT");
}

static void check_opens(const struct portlock_options *options)
{
	portlock_t *lock = NULL;

	assert_int_equal(portlock_open(&lock, "test_open", options), 0);
	assert_non_null(lock);
	portlock_close(lock);
	assert_int_equal(allocated, 0);
}

static void check_invalid(const char *key,
			  const struct portlock_options *options)
{
	portlock_t *lock = (portlock_t *)&ops; /* anything but NULL */

	assert_int_equal(portlock_open(&lock, key, options), -EINVAL);
	assert_null(lock);
	assert_int_equal(allocated, 0);
}

static enum pl_transport transport_with(const struct portlock_options *options)
{
	enum pl_transport transport;
	portlock_t *lock;

	assert_int_equal(portlock_open(&lock, "test_open", options), 0);
	transport = lock->transport;
	portlock_close(lock);
	return transport;
}

static void no_options_are_the_defaults(void **state)
{
	portlock_t *lock;

	(void)state;
	assert_int_equal(portlock_open(&lock, "test_open", NULL), 0);
	assert_int_equal(lock->timeout_ms, 1000);
	assert_int_equal(lock->sleep, 10 * PL_MSEC);
	assert_int_equal(lock->transport, PL_TCP);
	assert_false(portlock_has_locked(lock));
	assert_int_equal(portlock_token(lock), 0);
	portlock_close(lock);
	assert_int_equal(defaults.timeout_ms, 1000);
	assert_int_equal(defaults.sleep_ms, 10);
	assert_int_equal(defaults.flags, 0);
	assert_null(defaults.transport);
	check_opens(&defaults);
}

static void key_and_options_are_copied(void **state)
{
	struct portlock_options options = defaults;
	char key[] = "test_open", transport[] = "unix";
	portlock_t *lock;

	(void)state;
	options.transport = transport;
	assert_int_equal(portlock_open(&lock, key, &options), 0);
	memset(key, 'x', sizeof(key) - 1);
	memset(transport, 'x', sizeof(transport) - 1);
	memset(&options, 0xff, sizeof(options));
	assert_string_equal(portlock_gate(lock), "/portlock/test_open");
	assert_int_equal(lock->transport, PL_UNIX);
	assert_int_equal(lock->timeout_ms, 1000);
	portlock_close(lock);
}

static void open_and_close_touch_no_socket(void **state)
{
	(void)state;
	check_opens(NULL);
	assert_int_equal(sockets, 0);
}

static void errno_stays_as_it_was(void **state)
{
	portlock_t *lock;

	(void)state;
	errno = EXDEV;
	assert_int_equal(portlock_open(&lock, "test_open", NULL), 0);
	assert_int_equal(errno, EXDEV);
	portlock_close(lock);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(portlock_open(&lock, "", NULL), -EINVAL);
	assert_int_equal(errno, EXDEV);
	allocations_left = 0;
	assert_int_equal(portlock_open(&lock, "test_open", NULL), -ENOMEM);
	assert_int_equal(errno, EXDEV);
}

static void a_key_is_needed(void **state)
{
	(void)state;
	check_invalid(NULL, NULL);
	check_invalid("", NULL);
	check_invalid("", &defaults);
}

static void a_place_for_the_handle_is_needed(void **state)
{
	(void)state;
	assert_int_equal(portlock_open(NULL, "test_open", NULL), -EINVAL);
	assert_int_equal(portlock_open(NULL, NULL, NULL), -EINVAL);
	assert_int_equal(allocated, 0);
}

static void unknown_transports_are_refused(void **state)
{
	static const char *const unknown[] = { "",   "TCP",   "tcp ",
					       "un", "unixx", "udp" };
	struct portlock_options options = defaults;

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		options.transport = unknown[i];
		check_invalid("test_open", &options);
	}
}

static void pauses_from_1_to_60000_ms_are_taken(void **state)
{
	static const int32_t bad[] = { 0, -1, 60001, INT32_MAX, INT32_MIN };
	struct portlock_options options = defaults;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		options.sleep_ms = bad[i];
		check_invalid("test_open", &options);
	}
	options.sleep_ms = 1;
	check_opens(&options);
	options.sleep_ms = 60000;
	check_opens(&options);
}

/* Never a crash, and never an overflow into a deadline in the past. */
static void every_timeout_is_taken(void **state)
{
	static const int64_t fine[] = { 0, 1, -1, INT64_MAX, INT64_MIN };
	struct portlock_options options = defaults;
	portlock_t *lock;

	(void)state;
	options.transport = "unix";
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		options.timeout_ms = fine[i];
		assert_int_equal(portlock_open(&lock, "test_open", &options),
				 0);
		assert_int_equal(lock->timeout_ms, fine[i]);
		portlock_close(lock);
	}
	assert_true(pl_deadline_after(INT64_MAX) == PL_NEVER);
	assert_true(pl_deadline_after(INT64_MAX / PL_MSEC) == PL_NEVER);
	assert_true(pl_deadline_after(INT64_MIN) == PL_NEVER);
	assert_false(pl_expired(PL_NEVER));
}

static void unknown_flags_are_refused(void **state)
{
	struct portlock_options options = defaults;

	(void)state;
	options.flags = 1;
	check_invalid("test_open", &options);
	options.flags = UINT32_C(1) << 31;
	check_invalid("test_open", &options);
}

/* A program of a later version: its new members are zero, as the defaults of
 * new members will be, or it asks for what this library does not have. */
static void larger_options_must_end_in_zeros(void **state)
{
	struct {
		struct portlock_options known;
		unsigned char later[64];
	} options = { .known = PORTLOCK_OPTIONS_INIT };
	const size_t last = sizeof(options.later) - 1;

	(void)state;
	options.known.size = sizeof(options);
	check_opens(&options.known);
	options.later[0] = 1;
	check_invalid("test_open", &options.known);
	options.later[0] = 0;
	options.later[last] = 1;
	check_invalid("test_open", &options.known);
	options.known.size -= 1;
	check_opens(&options.known);
}

/* A program of the first version: what is behind the transport is not its. */
static void options_of_the_first_version_are_enough(void **state)
{
	const size_t size = offsetof(struct portlock_options, endpoints);
	struct portlock_options options = defaults;

	(void)state;
	memset((char *)&options + size, 0xff, sizeof(options) - size);
	options.size = size;
	options.transport = "unix";
	assert_int_equal(transport_with(&options), PL_UNIX);
	options.transport = "etcd";
	check_opens(&options);
}

static void options_of_no_version_are_refused(void **state)
{
	struct portlock_options options = defaults;

	(void)state;
	for (size_t size = 0; size < sizeof(options); size++) {
		options.size = size;
		if (size != offsetof(struct portlock_options, endpoints))
			check_invalid("test_open", &options);
	}
}

static void the_environment_sets_the_default_transport(void **state)
{
	struct portlock_options options = defaults;

	(void)state;
	assert_int_equal(setenv("PORTLOCK_TRANSPORT", "unix", 1), 0);
	assert_int_equal(transport_with(NULL), PL_UNIX);
	assert_int_equal(transport_with(&defaults), PL_UNIX);
	options.transport = "tcp";
	assert_int_equal(transport_with(&options), PL_TCP);
	assert_int_equal(setenv("PORTLOCK_TRANSPORT", "tcp", 1), 0);
	assert_int_equal(transport_with(NULL), PL_TCP);
	options.transport = "unix";
	assert_int_equal(transport_with(&options), PL_UNIX);
}

static void an_unknown_transport_in_the_environment_is_refused(void **state)
{
	struct portlock_options options = defaults;

	(void)state;
	assert_int_equal(setenv("PORTLOCK_TRANSPORT", "pigeon", 1), 0);
	check_invalid("test_open", NULL);
	check_invalid("test_open", &defaults);
	options.transport = "unix"; /* then nobody asks the environment */
	check_opens(&options);
}

static void every_allocation_may_fail(void **state)
{
	portlock_t *lock;
	int error, failures = 0;

	(void)state;
	for (;;) {
		lock = (portlock_t *)&ops;
		allocations_left = failures;
		error = portlock_open(&lock, "test_open", NULL);
		if (error == 0)
			break;
		failures++;
		assert_int_equal(error, -ENOMEM);
		assert_null(lock);
		assert_int_equal(allocated, 0);
	}
	assert_true(failures > 0);
	portlock_close(lock);
	assert_int_equal(allocated, 0);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_options_are_the_defaults),
		TEST(key_and_options_are_copied),
		TEST(open_and_close_touch_no_socket),
		TEST(errno_stays_as_it_was),
		TEST(a_key_is_needed),
		TEST(a_place_for_the_handle_is_needed),
		TEST(unknown_transports_are_refused),
		TEST(pauses_from_1_to_60000_ms_are_taken),
		TEST(every_timeout_is_taken),
		TEST(unknown_flags_are_refused),
		TEST(larger_options_must_end_in_zeros),
		TEST(options_of_the_first_version_are_enough),
		TEST(options_of_no_version_are_refused),
		TEST(the_environment_sets_the_default_transport),
		TEST(an_unknown_transport_in_the_environment_is_refused),
		TEST(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
