/* SPDX-License-Identifier: MIT */
/* json.c - locks as JSON, for programs; portlock(1) has the names. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/cli/show/show.h"

#define NS_PER_S INT64_C(1000000000)

/* JSON has Unicode only: what is none of it is escaped. */
json_t *json_of_text(const char *text)
{
	json_t *value = json_string(text);
	char shown[SHOWN_SIZE];

	if (!value) {
		show_text(shown, text, NO_LIMIT);
		value = json_string(shown);
	}
	return value;
}

json_t *json_of_gate(const char *gate)
{
	char word[WORD_SIZE];

	spell_gate(word, gate);
	return json_string(word);
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_of_text(text) : json_null();
}

static json_t *number_or_null(bool known, json_int_t number)
{
	return known ? json_integer(number) : json_null();
}

json_t *json_of_process(const struct look_process *process)
{
	bool has_user = process->uid != (uid_t)-1;
	char user[USER_SIZE];

	show_user(user, process->uid);
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "pid",
			 number_or_null(process->pid > 0, process->pid), "uid",
			 number_or_null(has_user, process->uid), "user",
			 text_or_null(has_user ? user : NULL), "command",
			 text_or_null(process->command), "state",
			 text_or_null(process_state(process)));
}

static json_t *json_of_processes(const struct look_process *processes,
				 int count)
{
	json_t *array;

	if (count < 0)
		return json_null();
	array = json_array();
	for (int i = 0; array && i < count; i++) {
		json_t *process = json_of_process(&processes[i]);

		if (json_array_append_new(array, process) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

/* "2026-11-22T08:28:36.123Z" */
static json_t *json_of_since(int64_t held)
{
	int64_t since = pl_now(CLOCK_REALTIME) - held;
	time_t seconds = (time_t)(since / NS_PER_S);
	char date[32], text[48];
	struct tm utc;

	if (held < 0 || !gmtime_r(&seconds, &utc))
		return json_null();
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, sizeof(text), "%s.%03" PRId64 "Z", date,
		 since % NS_PER_S / PL_MSEC);
	return json_string(text);
}

/* In milliseconds: more digits would be those of the look, not of the lock. */
static json_t *json_of_seconds(int64_t ns)
{
	int64_t ms = ns / PL_MSEC;

	return ns < 0 ? json_null() : json_real((double)ms / 1000);
}

json_t *json_of_lock(const struct look_lock *lock, const char *key)
{
	int64_t held = held_for(lock);

	return json_pack(
		"{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "key",
		text_or_null(key ? key : key_of_gate(lock->gate)), "gate",
		json_of_gate(lock->gate), "transport",
		text_or_null(transport_of(lock)), "state", lock_state(lock),
		"holder", json_of_process(&lock->holder), "since",
		json_of_since(held), "held_seconds", json_of_seconds(held),
		"others", json_of_processes(lock->others, lock->other_count),
		"waiters",
		json_of_processes(lock->waiters, lock->waiter_count));
}

json_t *json_of_look(const struct look *look)
{
	json_t *array = json_array();

	for (int i = 0; array && i < look->count; i++) {
		json_t *lock = json_of_lock(&look->locks[i], NULL);

		if (json_array_append_new(array, lock) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

int print_json(json_t *value, bool pretty)
{
	size_t style = pretty ? JSON_INDENT(2) : JSON_COMPACT;
	char *text;

	/* JSON itself escapes only some of what can steer a terminal. */
	if (isatty(STDOUT_FILENO))
		style |= JSON_ENSURE_ASCII;
	text = value ? json_dumps(value, style | JSON_REAL_PRECISION(15))
		     : NULL;
	json_decref(value);
	if (!text) {
		complain("%s", strerror(ENOMEM));
		return EXIT_SYSTEM;
	}
	puts(text);
	free(text);
	return 0;
}
