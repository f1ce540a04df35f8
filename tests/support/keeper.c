/* SPDX-License-Identifier: MIT */
/* keeper.c - finds the keepers of portlock run, and sees processes end. */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"

static bool is_keeper_of(pid_t pid, pid_t wrapper)
{
	char path[64], name[32] = "";
	int parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%31[^)]) %*c %d", name, &parent) != 2)
		parent = 0;
	fclose(file);
	return parent == wrapper && strcmp(name, "portlock-keeper") == 0 &&
	       process_state(pid) != 'Z';
}

struct search {
	pid_t wrapper, previous, found;
};

static bool find_keeper(void *argument)
{
	struct search *search = argument;
	DIR *directory = opendir("/proc");
	struct dirent *entry;

	require(directory);
	while (!search->found && (entry = readdir(directory))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && pid != search->previous &&
		    is_keeper_of(pid, search->wrapper))
			search->found = pid;
	}
	closedir(directory);
	return search->found != 0;
}

pid_t keeper_of(pid_t wrapper, pid_t previous)
{
	struct search search = { wrapper, previous, 0 };

	wait_until(find_keeper, &search);
	return search.found;
}

bool is_gone(pid_t pid)
{
	char state = process_state(pid);

	return state == '?' || state == 'Z';
}

static bool has_gone(void *pid)
{
	return is_gone(*(pid_t *)pid);
}

void wait_gone(pid_t pid)
{
	wait_until(has_gone, &pid);
}
