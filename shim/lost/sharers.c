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
static pid_t locker_in(const char *path, int operation)
{
	FILE *info = fopen(path, "re");
	pid_t locker = NO_LOCKER;
	char line[512];

	while (info && locker == NO_LOCKER && fgets(line, sizeof(line), info)) {
		const char *lock = strstr(line, "FLOCK");

		if (strncmp(line, "lock:", 5) != 0 || !lock ||
		    strstr(line, "->") ||
		    (operation != LOCK_EX && !strstr(line, " WRITE ")))
			continue;
		if (sscanf(lock, "FLOCK %*s %*s %d", &locker) != 1 ||
		    locker < 0)
			locker = 0;
	}
	if (info)
		fclose(info);
	return locker;
}

pid_t sharer_locker(pid_t pid, const struct keep *keep)
{
	pid_t locker = NO_LOCKER;
	struct dirent *entry;
	struct file about;
	char path[300];
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	while (folder && locker == NO_LOCKER && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid,
			 entry->d_name);
		if (!file_look(AT_FDCWD, path, &about) ||
		    !file_is(&about, &keep->about))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", (int)pid,
			 entry->d_name);
		locker = locker_in(path, keep->operation);
	}
	if (folder)
		closedir(folder);
	return locker;
}

/* Others may have the file's lock by now, that know nothing of ours. */
bool sharer_is(pid_t pid, const struct keep *keep, pid_t host)
{
	pid_t locker = sharer_locker(pid, keep);

	if (locker == 0 || locker == host)
		return true;
	for (int i = 0; locker != NO_LOCKER && i < keep->lockers_count; i++)
		if (keep->lockers[i] == locker)
			return true;
	return false;
}
