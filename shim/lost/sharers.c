/* SPDX-License-Identifier: MIT */
/* sharers.c - who has an open file that is locked, by /proc. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "shim/lost/guard.h"

/* As in filelock_seen.c: one line for each lock of the open file. */
static bool is_locked(const char *path, int operation)
{
	FILE *info = fopen(path, "re");
	char line[512];
	bool found = false;

	while (info && !found && fgets(line, sizeof(line), info))
		found = strncmp(line, "lock:", 5) == 0 &&
			strstr(line, "FLOCK") && !strstr(line, "->") &&
			(operation == LOCK_EX || strstr(line, " WRITE "));
	if (info)
		fclose(info);
	return found;
}

bool sharer_is(pid_t pid, const struct keep *keep)
{
	char path[300];
	struct dirent *entry;
	struct file about;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid,
			 entry->d_name);
		if (!file_look(AT_FDCWD, path, &about) ||
		    !file_is(&about, &keep->about))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", (int)pid,
			 entry->d_name);
		found = is_locked(path, keep->operation);
	}
	if (folder)
		closedir(folder);
	return found;
}
