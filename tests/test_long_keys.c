/* SPDX-License-Identifier: MIT */
/* test_long_keys.c - keys that do not fit into an address are locks as well. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/support.h"

#define KEY_MAX 97   /* the longest that is part of the gate's name as it is */
#define GATE_MAX 107 /* "/portlock/" and such a key */

/* A key of that many bytes: this process's number, filled up. */
static char *make_key(size_t length, char last)
{
	char *key = malloc(length + 1);
	int used;

	require(key);
	used = snprintf(key, length, "test_long_keys-%d-", (int)getpid());
	memset(key + used, 'k', length - (size_t)used);
	key[length - 1] = last;
	key[length] = '\0';
	return key;
}

static void assert_end_to_end(size_t length, const char *transport)
{
	char *key = make_key(length, 'k');
	portlock_t *lock = open_lock(key, transport);
	struct child *other = contender_start(key, transport);
	const char *address = portlock_gate(lock);

	assert_int_equal(strlen(address),
			 length < KEY_MAX ? 10 + length : GATE_MAX);
	assert_memory_equal(address, "/portlock/test_long_keys-", 25);
	assert_int_equal(portlock_acquire_for(lock, -1), 0);
	assert_int_equal(contender_try(other), -EBUSY);
	contender_queue(other, address + strlen("/portlock/"), -1);
	assert_int_equal(portlock_release(lock), 0);
	assert_int_equal(contender_result(other), 0);
	assert_int_equal(portlock_try_lock(lock), -EBUSY);
	assert_int_equal(child_end(other), 0);
	assert_int_equal(portlock_acquire_for(lock, -1), 0);
	portlock_close(lock);
	free(key);
}

static void a_key_of_97_bytes_works(void **state)
{
	(void)state;
	assert_end_to_end(97, "tcp");
	assert_end_to_end(97, "unix");
}

static void a_key_of_98_bytes_works(void **state)
{
	(void)state;
	assert_end_to_end(98, "tcp");
	assert_end_to_end(98, "unix");
}

static void a_key_of_5000_bytes_works(void **state)
{
	(void)state;
	assert_end_to_end(5000, "tcp");
	assert_end_to_end(5000, "unix");
}

static void long_keys_with_the_same_beginning_are_different_locks(void **state)
{
	static const size_t lengths[] = { 98, 99, 5000, 5000 };
	char *keys[4];
	portlock_t *locks[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		keys[i] = make_key(lengths[i], i == 3 ? 'l' : 'k');
		locks[i] = open_lock(keys[i], "unix");
		assert_int_equal(portlock_try_lock(locks[i]), 0);
	}
	assert_memory_equal(keys[2], keys[3], KEY_MAX);
	for (int i = 0; i < 4; i++) {
		portlock_close(locks[i]);
		free(keys[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_of_97_bytes_works),
		cmocka_unit_test(a_key_of_98_bytes_works),
		cmocka_unit_test(a_key_of_5000_bytes_works),
		cmocka_unit_test(
			long_keys_with_the_same_beginning_are_different_locks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
