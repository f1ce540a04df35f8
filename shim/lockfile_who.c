/* SPDX-License-Identifier: MIT */
/* lockfile_who.c - whose token it can be: this place's, an ancestor's. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/lockfile.h"

#define GENERATIONS 256 /* should pids be reused while we look */

/* The beginning of a small file as a string. */
static bool read_text(const char *path, char *text, size_t size)
{
	int fd = REAL(open)(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, text, size - 1);
	REAL(close)(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

/* 0: none, or not to be known. */
static pid_t parent_of(pid_t pid)
{
	char path[32], text[256];
	const char *at;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!read_text(path, text, sizeof(text)))
		return 0;
	/* Field 2 is the name, which may hold anything, also brackets. */
	at = strrchr(text, ')');
	return at && sscanf(at, ") %*c %d", &parent) == 1 ? (pid_t)parent : 0;
}

bool lockfile_is_ancestor(pid_t pid)
{
	pid_t at = getppid();

	for (int i = 0; at > 0 && at != pid && i < GENERATIONS; i++)
		at = parent_of(at);
	return at > 0 && at == pid;
}

bool lockfile_place(uint64_t *place)
{
	static _Atomic uint64_t boot;
	struct stat network;
	uint64_t facts[2];
	char id[37];

	facts[0] = atomic_load(&boot);
	if (facts[0] == 0) {
		if (!read_text("/proc/sys/kernel/random/boot_id", id,
			       sizeof(id)))
			return false;
		facts[0] = shim_hash(id, strlen(id));
		atomic_store(&boot, facts[0]);
	}
	/* The thread's: it may have a network of its own. */
	if (stat("/proc/thread-self/ns/net", &network) < 0)
		return false;
	facts[1] = network.st_ino;
	*place = shim_hash(facts, sizeof(facts));
	return true;
}
