/* SPDX-License-Identifier: MIT */
/* opened.c - a file per test to open under a rule, and victims for it. */
#include "config.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "opened.h"

int opened_setup(void **state)
{
	char path[PATH_MAX + 8];
	struct lockfile *file;

	if (lockfile_setup(state) < 0)
		return -1;
	file = *state;
	snprintf(file->key, sizeof(file->key), "open:%s", file->protects);
	write_file(file->protects, "1\n");
	snprintf(path, sizeof(path), "%s/other", file->folder);
	if (mkdir(path, 0700) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/other/x", file->folder);
	return symlink("../x", path);
}

struct child *opened_start(const struct lockfile *file, const char *rules)
{
	struct child *victim =
		victim_start("victim_open", file->protects, rules);

	require(victim_do(victim, OPEN_nothing) == 0);
	return victim;
}

struct child *opened_holder(const struct lockfile *file)
{
	struct child *victim = opened_start(file, RULE_OPEN);

	require(victim_do(victim, OPEN_update) == 0);
	return victim;
}

void opened_wait(const struct lockfile *file, struct child *victim, int command)
{
	say(victim, command);
	wait_for_queue(file->key, 1);
	wait_asleep(victim->pid);
	require(!has_said(victim));
}

int opened_value(const struct lockfile *file)
{
	FILE *stream = fopen(file->protects, "r");
	int value = -1;

	require(stream && fscanf(stream, "%d", &value) == 1);
	fclose(stream);
	return value;
}
