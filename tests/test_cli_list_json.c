/* SPDX-License-Identifier: MIT */
/* test_cli_list_json.c - portlock list: all there is to know, for programs. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/support/command.h"
#include "tests/support/network.h"

static struct command command, holder, waiters[2];

/* The only lock, in a list that goes to json_decref(). */
static json_t *list_one(json_t **list)
{
	json_error_t error;

	assert_int_equal(command_run(&command, "list", "--json"), 0);
	*list = json_loads(command.output, 0, &error);
	if (!*list)
		fail_msg("no JSON: %s", error.text);
	assert_int_equal(json_array_size(*list), 1);
	return json_array_get(*list, 0);
}

static const char *text_in(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (!text)
		fail_msg("no text: %s", name);
	return text;
}

static json_int_t number_in(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_integer(value))
		fail_msg("no integer: %s", name);
	return json_integer_value(value);
}

static void json_has_all_there_is(void **state)
{
	json_t *list, *lock, *process;

	(void)state;
	command_hold(&holder, "tcp", "nightly");
	for (int i = 0; i < 2; i++) {
		command_start(&waiters[i], "run", "nightly", "true");
		wait_for_queue("nightly", i + 1);
	}
	lock = list_one(&list);
	assert_string_equal(text_in(lock, "key"), "nightly");
	assert_string_equal(text_in(lock, "gate"), "/portlock/nightly");
	assert_string_equal(text_in(lock, "transport"), "tcp");
	assert_string_equal(text_in(lock, "state"), "held");
	assert_int_equal(strlen(text_in(lock, "since")), 24);
	assert_true(json_number_value(json_object_get(lock, "held_seconds")) >=
		    0);
	process = json_object_get(lock, "holder");
	assert_int_equal(number_in(process, "pid"), holder.pid);
	assert_int_equal(number_in(process, "uid"), geteuid());
	assert_string_equal(text_in(process, "user"), "root");
	assert_string_equal(text_in(process, "state"), "running");
	/* Under valgrind the command line is valgrind's. */
	if (!strstr(text_in(process, "command"), "valgrind"))
		assert_mentions(text_in(process, "command"),
				"run --transport tcp");
	assert_int_equal(json_array_size(json_object_get(lock, "others")), 1);
	assert_int_equal(json_array_size(json_object_get(lock, "waiters")), 2);
	for (int i = 0; i < 2; i++) {
		process = json_array_get(json_object_get(lock, "waiters"),
					 (size_t)i);
		assert_int_equal(number_in(process, "pid"), waiters[i].pid);
	}
	json_decref(list);
	command_end(&holder);
	command_end(&waiters[0]);
	command_end(&waiters[1]);
}

static void json_takes_any_bytes(void **state)
{
	struct child *child;
	json_t *list, *lock;

	(void)state;
	child = contender_start("\033\\\xc3\xa4", "unix");
	assert_int_equal(contender_acquire(child, -1), 0);
	lock = list_one(&list);
	assert_string_equal(text_in(lock, "key"), "\033\\\xc3\xa4");
	assert_string_equal(text_in(lock, "gate"),
			    "/portlock/\\x1b\\x5c\\xc3\\xa4");
	json_decref(list);
	child_end(child);
	child = contender_start("\xff\xc3\xa4", "unix");
	assert_int_equal(contender_acquire(child, -1), 0);
	lock = list_one(&list);
	assert_string_equal(text_in(lock, "key"), "\\xff\xc3\xa4");
	assert_string_equal(text_in(lock, "gate"), "/portlock/\\xff\\xc3\\xa4");
	json_decref(list);
	child_end(child);
}

static void a_shortened_key_is_null(void **state)
{
	struct child *child;
	json_t *list, *lock;
	char key[201];

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	child = contender_start(key, "unix");
	assert_int_equal(contender_acquire(child, -1), 0);
	lock = list_one(&list);
	assert_true(json_is_null(json_object_get(lock, "key")));
	assert_int_equal(strlen(text_in(lock, "gate")), 107);
	json_decref(list);
	child_end(child);
}

static void hold_as_another_user(struct child *parent, void *argument)
{
	portlock_t *lock;

	(void)argument;
	require(setuid(12345) == 0);
	lock = open_lock("nightly", "unix");
	require(portlock_acquire_for(lock, -1) == 0);
	say(parent, 0);
	hear(parent);
	portlock_close(lock);
}

static void names_another_user(void **state)
{
	struct child *child;
	json_t *list, *process;

	(void)state;
	if (setuid(0) < 0 || access("/proc/self/setgroups", F_OK) < 0)
		skip();
	child = child_start(hold_as_another_user, NULL);
	hear(child);
	process = json_object_get(list_one(&list), "holder");
	assert_int_equal(number_in(process, "uid"), 12345);
	assert_int_equal(number_in(process, "pid"), child->pid);
	json_decref(list);
	say(child, 0);
	assert_int_equal(child_end(child), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(json_has_all_there_is),
		with_command(json_takes_any_bytes),
		with_command(a_shortened_key_is_null),
		with_command(names_another_user),
	};

	if (!network_enter()) {
		print_message("skipped: no network namespace of our own\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
