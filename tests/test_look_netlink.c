/* SPDX-License-Identifier: MIT */
/* test_look_netlink.c - answers of the kernel, whole, cut and lying. */
#include "config.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>

#include "lib/look/netlink.h"
#include "support/support.h"

#define SEQUENCE 7

/* An answer that is being written. */
static char answer[512];
static size_t size;

static void add(int type, int flags, const void *body, size_t length)
{
	struct nlmsghdr head = {
		.nlmsg_len = (uint32_t)(sizeof(head) + length),
		.nlmsg_type = (uint16_t)type,
		.nlmsg_flags = (uint16_t)flags,
		.nlmsg_seq = SEQUENCE,
	};

	memcpy(answer + size, &head, sizeof(head));
	memcpy(answer + size + sizeof(head), body, length);
	size += NLMSG_ALIGN(head.nlmsg_len);
}

static int taken, refusal;

static int take(const void *entry, size_t length, void *argument)
{
	assert_int_equal(length, 4);
	assert_ptr_equal(argument, answer);
	assert_memory_equal(entry, "body", 4);
	taken++;
	return refusal;
}

/* In memory of that size alone, so that valgrind and sanitizers see what is
 * read beyond it. */
static int parse_cut(size_t length)
{
	char *copy = malloc(length ? length : 1);
	int result;

	require(copy);
	memcpy(copy, answer, length);
	taken = 0;
	result = netlink_parse(copy, length, SEQUENCE, take, answer);
	free(copy);
	return result;
}

static int parse(void)
{
	return parse_cut(size);
}

static int clear(void **state)
{
	(void)state;
	memset(answer, 0, sizeof(answer));
	size = 0;
	refusal = 0;
	return 0;
}

static void entries_are_taken_until_the_end(void **state)
{
	int zero = 0;

	(void)state;
	add(SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, "body", 4);
	add(SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, "body", 4);
	assert_int_equal(parse(), 1);
	assert_int_equal(taken, 2);
	add(NLMSG_DONE, NLM_F_MULTI, &zero, sizeof(zero));
	add(SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, "body", 4);
	assert_int_equal(parse(), 0);
	assert_int_equal(taken, 2);
}

static void errors_of_both_sides_end_it(void **state)
{
	int error = -ENOENT, nonsense[] = { 5, -100000, 0 };

	(void)state;
	add(SOCK_DIAG_BY_FAMILY, 0, "body", 4);
	add(SOCK_DIAG_BY_FAMILY, 0, "body", 4);
	refusal = -ENOMEM;
	assert_int_equal(parse(), -ENOMEM);
	assert_int_equal(taken, 1);
	for (int type = NLMSG_ERROR; type <= NLMSG_DONE; type++) {
		clear(NULL);
		add(type, 0, &error, sizeof(error));
		assert_int_equal(parse(), -ENOENT);
	}
	for (int i = 0; i < 3; i++) {
		clear(NULL);
		add(NLMSG_ERROR, 0, &nonsense[i], sizeof(error));
		assert_int_equal(parse(), -EBADMSG);
	}
}

static void a_table_that_changed_is_to_be_asked_again(void **state)
{
	(void)state;
	add(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP_INTR, "body", 4);
	assert_int_equal(parse(), -EAGAIN);
	assert_int_equal(taken, 0);
}

static void answers_to_other_questions_are_left_out(void **state)
{
	uint32_t other = SEQUENCE + 1;

	(void)state;
	add(SOCK_DIAG_BY_FAMILY, 0, "body", 4);
	memcpy(answer + offsetof(struct nlmsghdr, nlmsg_seq), &other, 4);
	add(NLMSG_NOOP, 0, "", 0);
	add(SOCK_DIAG_BY_FAMILY, 0, "body", 4);
	assert_int_equal(parse(), 1);
	assert_int_equal(taken, 1);
}

static void cut_answers_are_refused(void **state)
{
	const size_t whole = NLMSG_LENGTH(4);

	(void)state;
	add(SOCK_DIAG_BY_FAMILY, 0, "body", 4);
	add(SOCK_DIAG_BY_FAMILY, 0, "body", 4);
	for (size_t length = 0; length <= size; length++) {
		int expected = length % whole == 0 ? 1 : -EBADMSG;

		assert_int_equal(parse_cut(length), expected);
		assert_int_equal(taken, length / whole);
	}
}

static void lengths_that_lie_are_refused(void **state)
{
	const uint32_t lies[] = { 0, 1, 15, 21, 4096, 0x7fffffff, UINT32_MAX };

	(void)state;
	add(SOCK_DIAG_BY_FAMILY, 0, "body", 4);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		memcpy(answer, &lies[i], sizeof(lies[i]));
		assert_int_equal(parse(), -EBADMSG);
		assert_int_equal(taken, 0);
	}
	clear(NULL);
	add(NLMSG_ERROR, 0, "abc", 3);
	assert_int_equal(parse(), -EBADMSG);
}

static void add_attribute(int type, const char *value)
{
	struct nlattr head = { (uint16_t)(sizeof(head) + strlen(value)),
			       (uint16_t)type };

	memcpy(answer + size, &head, sizeof(head));
	memcpy(answer + size + sizeof(head), value, strlen(value));
	size += NLA_ALIGN(head.nla_len);
}

/* In memory of its own, as above: what the attribute has, or NULL. */
static const char *attribute(int type, size_t whole)
{
	static char value[64];
	char *copy = malloc(whole ? whole : 1);
	const void *found;
	size_t length;

	require(copy);
	memcpy(copy, answer, whole);
	found = netlink_attribute(copy, whole, 4, type, &length);
	if (found) {
		assert_true(length < sizeof(value));
		memcpy(value, found, length);
		value[length] = '\0';
	}
	free(copy);
	return found ? value : NULL;
}

static void attributes_are_found_behind_the_head(void **state)
{
	(void)state;
	size = 4;
	add_attribute(1, "one");
	add_attribute(2 | NLA_F_NESTED, "second");
	add_attribute(3, "");
	assert_string_equal(attribute(1, size), "one");
	assert_string_equal(attribute(2, size), "second");
	assert_string_equal(attribute(3, size), "");
	assert_null(attribute(4, size));
	assert_null(attribute(1, 4));
	assert_null(attribute(1, 0));
}

static void cut_attributes_are_not_there(void **state)
{
	(void)state;
	size = 4;
	add_attribute(1, "four");
	add_attribute(2, "more");
	for (size_t whole = 0; whole < size; whole++) {
		assert_null(attribute(2, whole));
		assert_true((whole >= 12) == (attribute(1, whole) != NULL));
	}
	for (uint16_t lie = 0; lie < 4; lie++) {
		memcpy(answer + 4, &lie, sizeof(lie));
		assert_null(attribute(2, size));
	}
	memcpy(answer + 4, "\xff\xff", 2);
	assert_null(attribute(1, size));
}

#define with_answer(test) cmocka_unit_test_setup(test, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_answer(entries_are_taken_until_the_end),
		with_answer(errors_of_both_sides_end_it),
		with_answer(a_table_that_changed_is_to_be_asked_again),
		with_answer(answers_to_other_questions_are_left_out),
		with_answer(cut_answers_are_refused),
		with_answer(lengths_that_lie_are_refused),
		with_answer(attributes_are_found_behind_the_head),
		with_answer(cut_attributes_are_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
