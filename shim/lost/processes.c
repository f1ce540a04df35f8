/* SPDX-License-Identifier: MIT */
/* processes.c - the processes of the machine, by /proc. */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/lost/guard.h"

#define NS_PER_S UINT64_C(1000000000)

bool process_read(pid_t pid, struct process *process)
{
	char path[32], text[1024], *at;
	ssize_t size = -1;
	int fd, threads;
	char state;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		size = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (size <= 0)
		return false;
	text[size] = '\0';
	/* The name may have anything in it. */
	at = strrchr(text, ')');
	*process = (struct process){ .pid = pid };
	return at &&
	       sscanf(at + 1,
		      " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d "
		      "%*d %*d %*d %d %*d %" SCNu64,
		      &state, &process->parent, &threads,
		      &process->started) == 4 &&
	       /* Its first thread may have ended before the others. */
	       ((state != 'Z' && state != 'X') || threads > 1);
}

uint64_t process_ticks(uint64_t ns)
{
	uint64_t each = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);

	return ns / each;
}

int processes_list(struct process **list)
{
	DIR *folder = opendir("/proc");
	int count = 0, room = 0;
	struct dirent *entry;

	*list = NULL;
	while (folder && (entry = readdir(folder))) {
		pid_t pid = (pid_t)atoi(entry->d_name);
		struct process *more;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    pid == getpid())
			continue;
		if (count == room) {
			room = 2 * room + 256;
			more = realloc(*list, (size_t)room * sizeof(*more));
			if (!more)
				break;
			*list = more;
		}
		if (process_read(pid, &(*list)[count]))
			count++;
	}
	if (folder)
		closedir(folder);
	return count;
}
