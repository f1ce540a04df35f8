/* SPDX-License-Identifier: MIT */
/* footprint.c - what a process takes of the machine. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/fail.h"
#include "bench/footprint.h"

static DIR *descriptors;
static int memory;

void footprint_begin(void)
{
	descriptors = opendir("/proc/self/fd");
	if (!descriptors)
		fail("cannot look into /proc/self/fd: %s", strerror(errno));
	memory = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
}

static long count_descriptors(void)
{
	struct dirent *entry;
	long count = 0;

	rewinddir(descriptors);
	while ((entry = readdir(descriptors)))
		count += entry->d_name[0] != '.';
	return count;
}

/* In bytes, from a line as "Rss:     120 kB". */
static long line_of(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	long amount;

	if (!line || sscanf(line + strlen(name), "%ld", &amount) != 1)
		return -1;
	return amount * 1024;
}

static long count_memory(void)
{
	char text[4096];
	ssize_t length = pread(memory, text, sizeof(text) - 1, 0);
	long clean, dirty;

	if (length < 0)
		return -1;
	text[length] = '\0';
	clean = line_of(text, "\nPrivate_Clean:");
	dirty = line_of(text, "\nPrivate_Dirty:");
	return clean < 0 || dirty < 0 ? -1 : clean + dirty;
}

struct footprint footprint_now(void)
{
	struct footprint now;

	now.descriptors = count_descriptors();
	now.memory = count_memory();
	return now;
}
