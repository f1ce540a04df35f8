/* SPDX-License-Identifier: MIT */
/* test_error.c - the documented errors and their texts; the version. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/internal.h"

static const int documented[] = {
	0,	EINVAL, ENOMEM, ETIMEDOUT, EBUSY,	  EDEADLK, EINTR,
	EMFILE, ENFILE, EACCES, EIO,	   EADDRNOTAVAIL, ENOENT,
};
static const size_t documented_count =
	sizeof(documented) / sizeof(documented[0]);

static void every_documented_error_has_a_text_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < documented_count; i++) {
		const char *text = portlock_strerror(documented[i]);

		assert_non_null(text);
		assert_true(strlen(text) > 0);
		assert_string_not_equal(text, portlock_strerror(EXDEV));
		assert_ptr_equal(text, portlock_strerror(-documented[i]));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(
				text, portlock_strerror(documented[j]));
	}
	assert_string_equal(portlock_strerror(-ETIMEDOUT),
			    "another holder kept the lock until the timeout");
}

static void unknown_errors_have_a_text_too(void **state)
{
	static const int unknown[] = { EXDEV, -EXDEV, 99999, INT_MAX, INT_MIN };

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_non_null(portlock_strerror(unknown[i]));
		assert_true(strlen(portlock_strerror(unknown[i])) > 0);
	}
}

static void only_documented_errors_leave_the_library(void **state)
{
	(void)state;
	for (size_t i = 0; i < documented_count; i++)
		assert_int_equal(pl_error_filter(-documented[i]),
				 -documented[i]);
	assert_int_equal(pl_error_filter(-EPERM), -EACCES);
	assert_int_equal(pl_error_filter(-ENOBUFS), -ENOMEM);
	assert_int_equal(pl_error_filter(-EXDEV), -EIO);
	assert_int_equal(pl_error_filter(-EADDRINUSE), -EIO);
}

static void the_version_is_that_of_the_header(void **state)
{
	(void)state;
	assert_string_equal(portlock_version(), PORTLOCK_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_documented_error_has_a_text_of_its_own),
		cmocka_unit_test(unknown_errors_have_a_text_too),
		cmocka_unit_test(only_documented_errors_leave_the_library),
		cmocka_unit_test(the_version_is_that_of_the_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
