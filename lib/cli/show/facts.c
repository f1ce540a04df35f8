/* SPDX-License-Identifier: MIT */
/* facts.c - what is known of a lock and its processes, in words. */
#include "config.h"

#include <ctype.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "lib/cli/show/show.h"

#define HEX_DIGITS 40

/* A long key's gate has all the room, and ends in a tilde and a digest. */
static bool is_shortened(const char *gate)
{
	const char *digest = gate + PL_GATE_MAX - HEX_DIGITS;

	return strlen(gate) == PL_GATE_MAX && digest[-1] == '~' &&
	       strspn(digest, "0123456789abcdef") == HEX_DIGITS;
}

const char *name_of_gate(const char *gate)
{
	return gate + strlen(PL_GATE_PREFIX);
}

const char *key_of_gate(const char *gate)
{
	return is_shortened(gate) ? NULL : name_of_gate(gate);
}

const char *transport_of(const struct look_lock *lock)
{
	if (lock->cluster)
		return "etcd";
	if (lock->ports < 0)
		return NULL;
	return lock->ports > 0 ? "tcp" : "unix";
}

int64_t held_for(const struct look_lock *lock)
{
	int64_t now = pl_now(CLOCK_BOOTTIME);

	/* Tomorrow: by the clock of another time namespace. */
	if (lock->since == 0 || lock->since > (uint64_t)now)
		return -1;
	return now - (int64_t)lock->since;
}

const char *process_state(const struct look_process *process)
{
	if (process->pid == 0 || process->state == '?')
		return NULL;
	if (process->state == 'T' || process->state == 't')
		return "stopped";
	return process->state == 'Z' ? "ended" : "running";
}

const char *lock_state(const struct look_lock *lock)
{
	if (lock->state == LOOK_HELD)
		return lock->cluster && lock->since == 0 ? "waiting" : "held";
	return lock->state == LOOK_PLAIN ? "plain" : "unseen";
}

/* Most locks are of one user: it is looked up once. */
void show_user(char text[USER_SIZE], uid_t uid)
{
	static uid_t last = (uid_t)-1;
	static char name[USER_SIZE] = "?";
	char shown[SHOWN_SIZE];
	struct passwd *entry;

	if (uid != last) {
		entry = getpwuid(uid);
		if (entry) {
			show_text(shown, entry->pw_name, USER_SIZE / 2);
			snprintf(name, sizeof(name), "%.*s", USER_SIZE - 1,
				 shown);
		} else {
			snprintf(name, sizeof(name), "%lu", (unsigned long)uid);
		}
		last = uid;
	}
	strcpy(text, uid == (uid_t)-1 ? "?" : name);
}

void show_duration(char text[DURATION_SIZE], int64_t ns)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 } };
	int64_t seconds = ns / 1000 / PL_MSEC;

	if (ns < 0) {
		strcpy(text, "?");
		return;
	}
	snprintf(text, DURATION_SIZE, "%" PRId64 " s", seconds);
	for (int i = 0; i < 3; i++) {
		if (seconds < 2 * units[i].seconds)
			continue;
		snprintf(text, DURATION_SIZE, "%" PRId64 " %s",
			 seconds / units[i].seconds, units[i].name);
		break;
	}
}

/* After the word that ends in the name of this command, or NULL. */
static const char *after_run(const char *command)
{
	const char *space = strchr(command, ' ');
	static const char name[] = "portlock", verb[] = " run ";
	size_t length = strlen(name);

	if (!space || (size_t)(space - command) < length ||
	    strncmp(space - length, name, length) != 0 ||
	    strncmp(space, verb, strlen(verb)) != 0)
		return NULL;
	return space + strlen(verb) - 1;
}

/* Whether this word is an option whose value is the next one, as "-t", "-nE"
 * and "--ttl" are, and "-n", "-t5", "--ttl=5" and "--verbose" are not. */
static bool wants_value(const char *word)
{
	size_t length = strcspn(word, " ");

	if (length < 2 || *word != '-')
		return false;
	if (word[1] != '-')
		return strchr("tE", word[length - 1]) != NULL;
	return length > 2 && !memchr(word, '=', length) &&
	       !strchr("nvh", word[2]);
}

/* What follows " NAME" and perhaps " --": words are not to be told from
 * spaces in them, but the name is known.  A value may be the same text. */
static const char *after_name(const char *rest, const char *name)
{
	size_t length = strlen(name);
	bool is_value = false;

	while ((rest = strchr(rest, ' '))) {
		rest++;
		if (!is_value && strncmp(rest, name, length) == 0 &&
		    rest[length] == ' ') {
			rest += length + 1;
			return strncmp(rest, "-- ", 3) == 0 ? rest + 3 : rest;
		}
		is_value = !is_value && wants_value(rest);
	}
	return NULL;
}

const char *command_of(const struct look_process *process, const char *name)
{
	const char *rest = after_run(process->command);
	const char *dashes = rest ? strstr(rest, " -- ") : NULL;
	const char *command = rest ? after_name(rest, name) : NULL;

	if (!command && dashes)
		command = dashes + strlen(" -- ");
	return command && *command ? command : process->command;
}

/* Without the folder of the program. */
static const char *short_command(const char *command)
{
	const char *at;

	for (at = command; *at && *at != ' '; at++)
		if (*at == '/' && at[1] && at[1] != ' ')
			command = at + 1;
	return command;
}

void show_process(char text[SENTENCE_SIZE], const struct look_process *process,
		  const char *name, int limit)
{
	char shown[SHOWN_SIZE], user[USER_SIZE];
	const char *command = command_of(process, name);

	show_text(shown, short_command(command), limit);
	if (process->pid > 0 && *shown)
		snprintf(text, SENTENCE_SIZE, "pid %d (%s)", (int)process->pid,
			 shown);
	else if (process->pid > 0)
		snprintf(text, SENTENCE_SIZE, "pid %d", (int)process->pid);
	else if (process->uid != (uid_t)-1) {
		show_user(user, process->uid);
		snprintf(text, SENTENCE_SIZE,
			 "a process of %s that is not to be seen", user);
	} else {
		strcpy(text, "a process that is not to be seen");
	}
}
