/* SPDX-License-Identifier: MIT */
/* keyed.c - a folder with a lock file whose rule has a key=. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keyed.h"

static void write_rules(char rules[2048], const char key[64],
			const char *options)
{
	snprintf(rules, 2048,
		 "lockfile */portlock-test-*/x.lock* key=%s %s\n"
		 "open */portlock-test-*/data key=%s\n"
		 "flock */portlock-test-*/a key=%s\n",
		 key, options, key, key);
}

int keyed_setup(void **state)
{
	static struct keyed keyed;
	char key[64];

	if (lockfile_setup(state) < 0)
		return -1;
	keyed.file = *state;
	snprintf(key, sizeof(key), "portlock-test-keys-%d", (int)getpid());
	strcpy(keyed.file->key, key);
	write_rules(keyed.rules, key, "timeout=100000");
	write_rules(keyed.unguarded, key, "timeout=100000 guard=no");
	write_rules(keyed.timed, key, "timeout=0.05");
	write_rules(keyed.tries, key, "timeout=0");
	*state = &keyed;
	return 0;
}

int keyed_teardown(void **state)
{
	struct keyed *keyed = *state;
	void *file = keyed->file;

	return lockfile_teardown(&file);
}

struct child *keyed_contender(const struct keyed *keyed)
{
	return contender_start(keyed->file->key, "unix");
}

bool keyed_is_free(struct child *contender)
{
	int result = contender_try(contender);

	require(result == 0 || result == -EBUSY);
	if (result == 0)
		contender_release(contender);
	return result == 0;
}

void keyed_queue(const struct keyed *keyed, struct child *victim, int command,
		 int number)
{
	say(victim, command);
	wait_for_queue(keyed->file->key, number);
	require(!has_said(victim));
}
