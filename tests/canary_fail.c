/* SPDX-License-Identifier: MIT */
/* canary_fail.c - a test that must fail, which shows that tests can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void two_is_three(void **state)
{
	(void)state;
	assert_int_equal(2, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_is_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
