/* SPDX-License-Identifier: MIT */
/* test_address.c - exact gate names and ports of known keys.
 *
 * The digests are those of sha1sum(1), the ports were calculated with bc(1):
 *
 *	$ printf abc | sha1sum
 *	a9993e364706816aba3e25717850c26c9cd0d89d  -
 *	$ echo 'ibase=16; A9993E364706816ABA3E25717850C26C9CD0D89D % 4E20' | bc
 *	19517
 *
 * (4E20 is 20000 in hexadecimal), and 40000 + 19517 = 59517.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/internal.h"

#define KEY_MAX 97 /* what fits behind the prefix */
#define DIGEST_HEX 40

static void check_ports(const char *key, unsigned first)
{
	struct pl_address address;

	pl_address_of_key(&address, key);
	assert_int_equal(address.first_port, first);
}

/* The name, and the same bytes behind a NUL in the socket address. */
static void check_gate(const char *key, const char *name)
{
	struct pl_address address;

	pl_address_of_key(&address, key);
	assert_string_equal(address.name, name);
	assert_int_equal(address.gate.sun_family, AF_UNIX);
	assert_int_equal(address.gate_length,
			 offsetof(struct sockaddr_un, sun_path) + 1 +
				 strlen(name));
	assert_int_equal(address.gate.sun_path[0], 0);
	assert_memory_equal(address.gate.sun_path + 1, name, strlen(name));
}

/* A key of one repeated byte. */
static const char *repeat(char byte, size_t count)
{
	static char key[4097];

	assert_true(count < sizeof(key));
	memset(key, byte, count);
	key[count] = '\0';
	return key;
}

static void short_keys_have_the_documented_ports(void **state)
{
	(void)state;
	/* 86f7e437faa5a7fce15d1ddcb9eaeaea377667b8 % 20000 = 16152 */
	check_ports("a", 56152);
	/* a9993e364706816aba3e25717850c26c9cd0d89d % 20000 = 19517 */
	check_ports("abc", 59517);
	/* 5bcef2bb9e36a4876a233f4d6bdcbf5731bfb68a % 20000 = 17898 */
	check_ports("portlock", 57898);
	/* 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12 % 20000 = 10738 */
	check_ports("The quick brown fox jumps over the lazy dog", 50738);
	/* aae42d317509399fdda80c4d8e46774d152dbd04 % 20000 = 4964 */
	check_ports("a/b\n", 44964);
	/* b858cb282617fb0956d960215c8e84d1ccf909c6 % 20000 = 11398 */
	check_ports(" ", 51398);
}

static void the_whole_range_of_ports_is_used(void **state)
{
	(void)state;
	/* eee9859cfa6c4f231e58fa32b603a89b9834b520 % 20000 = 0 */
	check_ports("key12100", 40000);
	/* 8f4b90e29b23d36c89f0a506028c54ae6f30889f % 20000 = 19999 */
	check_ports("key2892", 59999);
}

static void a_digest_with_leading_zeros_is_a_number_too(void **state)
{
	(void)state;
	/* 00001cb7b5bb62e9e187e27ab64ea6082f5d34b8 % 20000 = 3128 */
	check_ports("key87214", 43128);
}

static void utf8_keys_are_bytes(void **state)
{
	(void)state;
	/* 36d2e84746c5c1e130f1738ef134710d34f11a82 % 20000 = 12226 */
	check_ports("schl\xc3\xbcssel", 52226);
	check_gate("schl\xc3\xbcssel", "/portlock/schl\xc3\xbcssel");
	/* 287a06131f4dbe1c9a6ba75c7b8d0e29e48db102 % 20000 = 3490 */
	check_ports("\xe9\x8d\xb5", 43490);
	check_gate("\xe9\x8d\xb5", "/portlock/\xe9\x8d\xb5");
}

static void keys_that_fit_are_the_gate_name(void **state)
{
	char name[10 + KEY_MAX + 1];

	(void)state;
	check_gate("a", "/portlock/a");
	check_gate("a/b\n", "/portlock/a/b\n");
	check_gate(" ", "/portlock/ ");
	snprintf(name, sizeof(name), "/portlock/%.*s", KEY_MAX,
		 repeat('a', 96));
	check_gate(repeat('a', 96), name);
	snprintf(name, sizeof(name), "/portlock/%.*s", KEY_MAX,
		 repeat('a', KEY_MAX));
	check_gate(repeat('a', KEY_MAX), name);
}

static void keys_that_do_not_fit_end_in_their_digest(void **state)
{
	(void)state;
	check_gate(repeat('a', KEY_MAX + 1),
		   "/portlock/"
		   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		   "~463a1d8c83a26ae37c83e1cc39969909a03098ab");
	check_gate(repeat('a', 4096),
		   "/portlock/"
		   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		   "~8c51fb6a0b587ec95ca74acfa43df7539b486297");
}

static void the_length_of_a_key_does_not_change_the_rule_of_ports(void **state)
{
	(void)state;
	/* 01cd6c098788bf78c0d55b318fbebf5f19b31ca0 % 20000 = 10816 */
	check_ports(repeat('a', 96), 50816);
	/* 7d236487f7c5c0ebb56b4bf0832a21f71fdc9f0d % 20000 = 5165 */
	check_ports(repeat('a', 97), 45165);
	/* 463a1d8c83a26ae37c83e1cc39969909a03098ab % 20000 = 7787 */
	check_ports(repeat('a', 98), 47787);
	/* 8c51fb6a0b587ec95ca74acfa43df7539b486297 % 20000 = 5175 */
	check_ports(repeat('a', 4096), 45175);
}

/* Byte 56 is inside a character: the name need not be UTF-8. */
static void a_long_utf8_key_is_cut_between_bytes(void **state)
{
	char key[34 * 3 + 1] = "";
	char name[PL_GATE_MAX + 1];

	(void)state;
	for (int i = 0; i < 34; i++)
		strcat(key, "\xe9\x8d\xb5");
	snprintf(name, sizeof(name), "/portlock/%.56s~%s", key,
		 "e89c95567aab0fb892063262105fcb634e241e08");
	check_gate(key, name);
}

static void long_keys_that_begin_alike_have_gates_of_their_own(void **state)
{
	char key[KEY_MAX + 2];
	struct pl_address one, other;

	(void)state;
	strcpy(key, repeat('b', KEY_MAX + 1));
	pl_address_of_key(&one, key);
	key[KEY_MAX] = 'c';
	pl_address_of_key(&other, key);
	assert_string_not_equal(one.name, other.name);
	assert_memory_equal(one.name, other.name, PL_GATE_MAX - DIGEST_HEX);
}

static void keys_that_share_ports_have_gates_of_their_own(void **state)
{
	(void)state;
	/* adb1ef332d1f6e99e809fb9b00a08efcad930e82 % 20000 = 34 */
	check_ports("key0", 40034);
	check_gate("key0", "/portlock/key0");
	/* 967e3b61815c63bf6df88a3c6badb5f1ecd2f9c2 % 20000 = 34 */
	check_ports("key44051", 40034);
	check_gate("key44051", "/portlock/key44051");
	/* a63316be6f34fe64f280b06a61b7a4db8e561d43 % 20000 = 35 */
	check_ports("key38603", 40035);
	check_gate("key38603", "/portlock/key38603");
}

static void a_second_use_of_an_address_leaves_nothing_of_the_first(void **state)
{
	struct pl_address fresh, used;

	(void)state;
	memset(&fresh, 0xff, sizeof(fresh));
	pl_address_of_key(&fresh, "a");
	pl_address_of_key(&used, repeat('a', 4096));
	pl_address_of_key(&used, "a");
	assert_memory_equal(&used.gate, &fresh.gate, sizeof(fresh.gate));
	assert_string_equal(used.name, fresh.name);
	assert_int_equal(used.gate_length, fresh.gate_length);
}

static void handles_of_every_transport_tell_the_same_addresses(void **state)
{
	static const char *const transports[] = { "tcp", "unix" };
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	uint16_t ports[PORTLOCK_PORTS];
	portlock_t *lock;

	(void)state;
	for (int i = 0; i < 2; i++) {
		options.transport = transports[i];
		assert_int_equal(portlock_open(&lock, "abc", &options), 0);
		assert_string_equal(portlock_gate(lock), "/portlock/abc");
		assert_int_equal(portlock_ports(lock, ports), 0);
		assert_int_equal(ports[0], 59517);
		assert_int_equal(ports[1], 59518);
		assert_int_equal(ports[2], 59519);
		portlock_close(lock);
	}
}

static void a_query_without_an_argument_is_an_error(void **state)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	uint16_t ports[PORTLOCK_PORTS];
	portlock_t *lock;

	(void)state;
	options.transport = "unix";
	assert_int_equal(portlock_open(&lock, "abc", &options), 0);
	assert_int_equal(portlock_ports(lock, NULL), -EINVAL);
	assert_int_equal(portlock_ports(NULL, ports), -EINVAL);
	assert_null(portlock_gate(NULL));
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_keys_have_the_documented_ports),
		cmocka_unit_test(the_whole_range_of_ports_is_used),
		cmocka_unit_test(a_digest_with_leading_zeros_is_a_number_too),
		cmocka_unit_test(utf8_keys_are_bytes),
		cmocka_unit_test(keys_that_fit_are_the_gate_name),
		cmocka_unit_test(keys_that_do_not_fit_end_in_their_digest),
		cmocka_unit_test(
			the_length_of_a_key_does_not_change_the_rule_of_ports),
		cmocka_unit_test(a_long_utf8_key_is_cut_between_bytes),
		cmocka_unit_test(
			long_keys_that_begin_alike_have_gates_of_their_own),
		cmocka_unit_test(keys_that_share_ports_have_gates_of_their_own),
		cmocka_unit_test(
			a_second_use_of_an_address_leaves_nothing_of_the_first),
		cmocka_unit_test(
			handles_of_every_transport_tell_the_same_addresses),
		cmocka_unit_test(a_query_without_an_argument_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
